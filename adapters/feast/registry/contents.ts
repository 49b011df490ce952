import type { Entity, FeatureService, UnusableDefinition } from '../../../domain/features/definitions.ts';
import type { JoinKeyType } from '../../../domain/features/value-types.ts';
import type { OnlineMark, RegisteredSource, RegisteredView, RegistryContents, ViewState } from '../../../ports/feature-registry.ts';
import { type DataSource, DataSource_SourceType } from '../gen/feast/core/DataSource_pb.ts';
import { type FeatureView, FeatureViewState } from '../gen/feast/core/FeatureView_pb.ts';
import { DUMMY_ENTITY, readEntity } from './entity-message.ts';
import { DATA_SOURCES, ENTITIES, FEATURE_SERVICES, FEATURE_VIEWS } from './kinds.ts';
import type { StoredObjects } from './plan.ts';
import { readService } from './service-message.ts';
import { isTableSource, readSource } from './source-message.ts';
import { fromTimestamp } from './timestamps.ts';
import { tryRead } from './unsupported.ts';
import { readJoinKeys, readView } from './view-message.ts';

/** The messages of one project as definitions; what cannot be expressed by them is named with the reason. */
export function readContents({ objects, otherViews, onDemand, marks }: StoredObjects): RegistryContents {
  const messages = [...objects['feature view'].values()].map((bytes) => FEATURE_VIEWS.decode(bytes));
  const unusable: UnusableDefinition[] = [...otherViews.values()].map(({ kind, name, features, reason }) => ({ kind, name, features, reason }));
  const entities = readEntities(objects.entity, messages, unusable);
  const views = messages.flatMap((message) => {
    const outcome = tryRead(() => readRegisteredView(message, marks.get(message.spec?.name ?? '')));
    const name = message.spec?.name ?? '';
    const reason = 'reason' in outcome ? outcome.reason : keyProblem(message, entities);
    if (reason === undefined && 'value' in outcome) return [outcome.value];
    unusable.push({ kind: 'feature view', name, features: (message.spec?.features ?? []).map((feature) => feature.name), reason: reason ?? '' });
    return [];
  });
  const featureServices: FeatureService[] = [...objects['feature service'].values()].map((bytes) => readService(FEATURE_SERVICES.decode(bytes)));
  const dataSources = [...objects['data source'].values()].map((bytes) => readRegisteredSource(DATA_SOURCES.decode(bytes)));
  return { entities, views, featureViews: views.map(({ view }) => view), featureServices, onDemandFeatureViews: [...onDemand.values()], dataSources, unusable };
}

/** Entities, with the type that the views give to their keys: Feast writes and reads keys by that one, and may leave the entity's own open. */
function readEntities(stored: ReadonlyMap<string, Uint8Array>, views: readonly FeatureView[], unusable: UnusableDefinition[]): readonly Entity[] {
  return [...stored].flatMap(([name, bytes]) => {
    if (name === DUMMY_ENTITY.name) return [];
    const outcome = tryRead(() => readEntity(ENTITIES.decode(bytes)));
    if ('value' in outcome) return [{ ...outcome.value, valueType: typeInViews(outcome.value, views) ?? outcome.value.valueType }];
    unusable.push({ kind: 'entity', name, features: [], reason: outcome.reason });
    return [];
  });
}

function typeInViews({ name, joinKey }: Entity, views: readonly FeatureView[]): JoinKeyType | undefined {
  const types = views.flatMap((view) => {
    if (view.spec?.entities.includes(name) !== true) return [];
    const outcome = tryRead(() => readJoinKeys(view));
    return 'value' in outcome ? outcome.value.filter((key) => key.name === joinKey).map((key) => key.type) : [];
  });
  return types.every((type) => type === types[0]) ? types[0] : undefined;
}

/** Why the view's keys are not those of its entities; undefined when they are. */
function keyProblem(message: FeatureView, entities: readonly Entity[]): string | undefined {
  const keys = tryRead(() => readJoinKeys(message));
  if ('reason' in keys) return keys.reason;
  const missing = (message.spec?.entities ?? []).filter((name) => name !== DUMMY_ENTITY.name && !entities.some((entity) => entity.name === name));
  if (missing.length > 0) return `Its entity ${missing.join(', ')} is not in the registry, or cannot be read.`;
  const own = entities.filter(({ name }) => message.spec?.entities.includes(name) === true);
  const other = keys.value.find(({ name, type }) => own.find((entity) => entity.joinKey === name)?.valueType !== type);
  if (other !== undefined) return `Its join key ${other.name} is ${other.type}, and of another type in its entity or in another view. Give the column one type.`;
  return own.length === keys.value.length ? undefined : 'Its join keys are not those of its entities. Apply it again with Feast.';
}

const STATES: Readonly<Record<FeatureViewState, ViewState>> = {
  [FeatureViewState.STATE_UNSPECIFIED]: 'unspecified',
  [FeatureViewState.CREATED]: 'created',
  [FeatureViewState.GENERATED]: 'generated',
  [FeatureViewState.MATERIALIZING]: 'materializing',
  [FeatureViewState.AVAILABLE_ONLINE]: 'available online',
};

/** A mark that no interval reaches is of another time: Feast has made the view anew since. */
function readRegisteredView(message: FeatureView, mark: OnlineMark | undefined): RegisteredView {
  const { meta } = message;
  const materializationIntervals = (meta?.materializationIntervals ?? []).map(({ startTime, endTime }) => ({ startMicros: fromTimestamp(startTime), endMicros: fromTimestamp(endTime) }));
  const isReached = mark !== undefined && materializationIntervals.some(({ endMicros }) => endMicros >= mark.endMicros);
  return {
    view: readView(message),
    createdMicros: fromTimestamp(meta?.createdTimestamp),
    updatedMicros: fromTimestamp(meta?.lastUpdatedTimestamp),
    state: STATES[meta?.state ?? FeatureViewState.STATE_UNSPECIFIED] ?? 'unspecified',
    materializationIntervals,
    ...(isReached ? { mark } : {}),
  };
}

function readRegisteredSource(message: DataSource): RegisteredSource {
  const { PUSH_SOURCE, REQUEST_SOURCE } = DataSource_SourceType;
  const isTable = isTableSource(message);
  const table = isTable ? tableOf(message) : message.batchSource !== undefined && isTableSource(message.batchSource) ? tableOf(message.batchSource) : undefined;
  const kind = isTable ? (table === undefined ? 'query' : 'table') : message.type === PUSH_SOURCE ? 'push' : message.type === REQUEST_SOURCE ? 'request' : 'other';
  return { name: message.name, kind, table, description: message.description };
}

function tableOf(message: DataSource): string | undefined {
  const outcome = tryRead(() => readSource(message));
  return 'value' in outcome ? outcome.value.table : undefined;
}
