import { clone, create } from '@bufbuild/protobuf';
import type { FeatureProjection as Projection, FeatureService, FeatureView } from '../../../domain/features/definitions.ts';
import { type FeatureService as FeatureServiceMessage, FeatureServiceSchema, FeatureServiceSpecSchema } from '../gen/feast/core/FeatureService_pb.ts';
import { type FeatureViewProjection, FeatureViewProjectionSchema } from '../gen/feast/core/FeatureViewProjection_pb.ts';
import { readDescribed, writeDescribed } from './described.ts';
import { fieldMessages } from './feature-message.ts';
import { sourceMessage } from './source-message.ts';

/** The service as Feast's message, with every feature spelled out; fields that the definition does not speak of stay as `previous` has them. */
export function serviceMessage(service: FeatureService, views: readonly FeatureView[], previous?: FeatureServiceMessage): FeatureServiceMessage {
  const message = previous === undefined ? create(FeatureServiceSchema) : clone(FeatureServiceSchema, previous);
  const spec = (message.spec ??= create(FeatureServiceSpecSchema));
  const earlier = spec.features;
  spec.name = service.name;
  spec.features = service.features.flatMap((part) => {
    const view = views.find((candidate) => candidate.name === part.view);
    return view === undefined ? [] : [projection(view, part, earlier.find((candidate) => candidate.featureViewName === part.view && candidate.featureViewNameAlias === (part.alias ?? '')))];
  });
  writeDescribed(spec, service);
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
  return { name: spec.name, features, ...readDescribed(spec) };
}

function projection(view: FeatureView, { features: names, alias = '', joinKeyMap = {} }: Projection, previous: FeatureViewProjection | undefined): FeatureViewProjection {
  const message = previous === undefined ? create(FeatureViewProjectionSchema) : clone(FeatureViewProjectionSchema, previous);
  const fields = names === undefined ? view.features : names.flatMap((name) => view.features.filter((feature) => feature.name === name));
  message.featureViewName = view.name;
  message.featureViewNameAlias = alias;
  message.joinKeyMap = { ...joinKeyMap };
  message.featureColumns = fieldMessages(fields, message.featureColumns);
  message.batchSource = sourceMessage(view.source, message.batchSource);
  message.timestampField = view.source.timestampField;
  message.createdTimestampColumn = view.source.createdTimestampColumn ?? '';
  message.viewType = 'featureView';
  return message;
}
