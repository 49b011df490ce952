import { PipelineError } from '../domain/errors.ts';
import type { FeatureRepository } from '../domain/features/definitions.ts';
import type { FeatureRegistry } from '../ports/feature-registry.ts';

/** The definitions as applied. Work runs on these, not on the files of `feature_repo/`: so does Feast, and what Feast applied works here too. NOT_FOUND where nothing was applied yet. */
export async function readRegistry(registry: FeatureRegistry): Promise<FeatureRepository> {
  const { entities, featureViews, featureServices, onDemandFeatureViews = [], unusable } = await registry.contents();
  if (featureViews.length + featureServices.length + unusable.length === 0) throw new PipelineError('NOT_FOUND', 'The feature registry is empty. Apply the definitions of feature_repo/ first: ml-pipeline features apply');
  return { entities, featureViews, featureServices, onDemandFeatureViews, unusable };
}
