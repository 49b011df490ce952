import { clone, create } from '@bufbuild/protobuf';
import type { FeatureProjection as Projection, FeatureService, FeatureView, OnDemandFeatureView } from '../../../domain/features/definitions.ts';
import { type FeatureService as FeatureServiceMessage, FeatureServiceSchema, FeatureServiceSpecSchema } from '../gen/feast/core/FeatureService_pb.ts';
import { type FeatureViewProjection, FeatureViewProjectionSchema } from '../gen/feast/core/FeatureViewProjection_pb.ts';
import { OUR_TAGS, readDescribed, writeDescribed } from './described.ts';
import { fieldMessages } from './feature-message.ts';
import { withOnDemand, withoutOnDemand } from './on-demand-parts.ts';
import { sourceMessage } from './source-message.ts';
import type { TableKind } from './table-kinds.ts';

/** What the parts of a service may be taken from. */
export interface ServiceViews {
  readonly featureViews: readonly FeatureView[];
  readonly onDemandFeatureViews?: readonly OnDemandFeatureView[];
}

/** The service as Feast's message, with every feature spelled out; on-demand features are in a tag, and what they are computed from among the others; fields that the definition does not speak of stay as `previous` has them. */
export function serviceMessage(service: FeatureService, { featureViews: views, onDemandFeatureViews = [] }: ServiceViews, tables: TableKind, previous?: FeatureServiceMessage): FeatureServiceMessage {
  const message = previous === undefined ? create(FeatureServiceSchema) : clone(FeatureServiceSchema, previous);
  const spec = (message.spec ??= create(FeatureServiceSpecSchema));
  const earlier = spec.features;
  spec.name = service.name;
  const { parts, tag } = withoutOnDemand(service, views, onDemandFeatureViews);
  spec.features = parts.flatMap((part) => {
    const view = views.find((candidate) => candidate.name === part.view);
    return view === undefined ? [] : [projection(view, part, tables, earlier.find((candidate) => candidate.featureViewName === part.view && candidate.featureViewNameAlias === (part.alias ?? '')))];
  });
  writeDescribed(spec, service, tag === undefined ? {} : { [OUR_TAGS.onDemand]: tag });
  return message;
}

/** The definition in a message. It may name views of kinds that are not ours. */
export function readService(message: FeatureServiceMessage): FeatureService {
  const spec = message.spec ?? create(FeatureServiceSpecSchema);
  const features = spec.features.map((part) => ({
    view: part.featureViewName,
    features: part.featureColumns.map((feature) => feature.name),
    ...(part.featureViewNameAlias === '' || part.featureViewNameAlias === part.featureViewName ? {} : { alias: part.featureViewNameAlias }),
    ...(Object.keys(part.joinKeyMap).length === 0 ? {} : { joinKeyMap: part.joinKeyMap }),
  }));
  return { name: spec.name, features: withOnDemand(features, spec.tags[OUR_TAGS.onDemand]), ...readDescribed(spec) };
}

function projection(view: FeatureView, { features: names, alias = '', joinKeyMap = {} }: Projection, tables: TableKind, previous: FeatureViewProjection | undefined): FeatureViewProjection {
  const message = previous === undefined ? create(FeatureViewProjectionSchema) : clone(FeatureViewProjectionSchema, previous);
  const fields = names === undefined ? view.features : names.flatMap((name) => view.features.filter((feature) => feature.name === name));
  message.featureViewName = view.name;
  message.featureViewNameAlias = alias;
  message.joinKeyMap = { ...joinKeyMap };
  message.featureColumns = fieldMessages(fields, message.featureColumns);
  message.batchSource = sourceMessage(view.source, tables, message.batchSource);
  message.timestampField = view.source.timestampField;
  message.createdTimestampColumn = view.source.createdTimestampColumn ?? '';
  message.viewType = 'featureView';
  return message;
}
