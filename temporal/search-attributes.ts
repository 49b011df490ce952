import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';

/** What runs can be searched by in Temporal's web UI and CLI. All are keywords. (`RunId` is Temporal's own attribute and cannot be set.) */
export const SEARCH_ATTRIBUTES = {
  recipe: defineSearchAttributeKey('Recipe', SearchAttributeType.KEYWORD),
  featureView: defineSearchAttributeKey('FeatureView', SearchAttributeType.KEYWORD_LIST),
  runId: defineSearchAttributeKey('MlflowRunId', SearchAttributeType.KEYWORD),
  stage: defineSearchAttributeKey('Stage', SearchAttributeType.KEYWORD),
} as const;

/** `Recipe=Keyword`, ...: what the namespace must have; the form that `temporal server start-dev --search-attribute` takes. */
export const SEARCH_ATTRIBUTE_FLAGS: readonly string[] = ['Recipe=Keyword', 'FeatureView=KeywordList', 'MlflowRunId=Keyword', 'Stage=Keyword'];

/** An attribute that the namespace lacks would leave a workflow RUNNING for ever: upsert only when all of these are registered. */
export const SEARCH_ATTRIBUTE_NAMES: readonly string[] = Object.values(SEARCH_ATTRIBUTES).map((key) => key.name);
