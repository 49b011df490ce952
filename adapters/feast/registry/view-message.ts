import { clone, create } from '@bufbuild/protobuf';
import { DurationSchema } from '@bufbuild/protobuf/wkt';
import type { Entity, FeatureView, Field } from '../../../domain/features/definitions.ts';
import type { FeatureViewSnapshot, JoinKey } from '../../../domain/features/snapshot.ts';
import { type FeatureView as FeatureViewMessage, FeatureViewSchema, type FeatureViewSpec, FeatureViewSpecSchema } from '../gen/feast/core/FeatureView_pb.ts';
import { OUR_TAGS, readDescribed, writeDescribed } from './described.ts';
import { DUMMY_ENTITY, readJoinKeyType } from './entity-message.ts';
import { fieldMessages, readField } from './feature-message.ts';
import { isPushSource, pushMessage, readPush } from './push-message.ts';
import { readSource, sourceMessage } from './source-message.ts';
import type { TableKind } from './table-kinds.ts';
import { refuseObject } from './unsupported.ts';

/** Where definitions are written: Feast's project, and whose tables its sources are. */
export interface RegistryTarget {
  readonly project: string;
  readonly tables: TableKind;
}

/** The view as Feast's message; fields that the definition does not speak of stay as `previous` has them. `entities` are those the view names, in its order. */
export function viewMessage(view: FeatureView, entities: readonly Entity[], { project, tables }: RegistryTarget, previous?: FeatureViewMessage): FeatureViewMessage {
  const message = previous === undefined ? create(FeatureViewSchema) : clone(FeatureViewSchema, previous);
  const spec = (message.spec ??= create(FeatureViewSpecSchema));
  spec.name = view.name;
  spec.project = project;
  spec.entities = entities.length === 0 ? [DUMMY_ENTITY.name] : entities.map((entity) => entity.name);
  spec.entityColumns = fieldMessages(entities.length === 0 ? [{ name: DUMMY_ENTITY.joinKey, type: 'String' }] : entities.map(joinKeyField), spec.entityColumns);
  spec.features = fieldMessages(view.features, spec.features);
  if (ttlOf(message) !== view.ttlSeconds) spec.ttl = create(DurationSchema, { seconds: BigInt(view.ttlSeconds ?? 0) });
  spec.batchSource = sourceMessage(view.source, tables, spec.batchSource);
  writeStreamSource(spec, view, tables);
  spec.online = view.online ?? true;
  spec.version = 'latest';
  writeDescribed(spec, view, view.asKnown === true ? { [OUR_TAGS.asKnown]: 'true' } : {});
  return message;
}

/** A stream of another kind (Kafka and the like) is none of ours: it stays. */
function writeStreamSource(spec: FeatureViewSpec, { pushSource, source }: FeatureView, tables: TableKind): void {
  if (pushSource !== undefined) spec.streamSource = pushMessage(pushSource, source, tables, spec.streamSource);
  else if (spec.streamSource !== undefined && isPushSource(spec.streamSource)) delete spec.streamSource;
}

/** The definition in a message. UNSUPPORTED for a type or a source that we do not have. A ttl below one second is none, as in Feast's joins. */
export function readView(message: FeatureViewMessage): FeatureView {
  const spec = message.spec ?? create(FeatureViewSpecSchema);
  const path = `feature view ${spec.name}`;
  if (spec.batchSource === undefined) refuseObject(path, 'It has no batch source.');
  if (spec.disabled) refuseObject(path, 'It is disabled.', 'Enable it with Feast.');
  if (!isReferable(spec.name)) refuseObject(path, 'Its name cannot be part of a reference view:feature.', 'Rename it.');
  return {
    name: spec.name,
    entities: spec.entities.filter((name) => name !== DUMMY_ENTITY.name),
    features: spec.features.map((feature) => readField(feature, path)),
    ttlSeconds: ttlOf(message),
    source: readSource(spec.batchSource),
    ...(spec.streamSource !== undefined && isPushSource(spec.streamSource) ? { pushSource: readPush(spec.streamSource) } : {}),
    ...(spec.online ? {} : { online: false }),
    ...(spec.tags[OUR_TAGS.asKnown] === 'true' ? { asKnown: true } : {}),
    ...readDescribed(spec),
  };
}

/** The view with what is needed to read and write its values, as the message has it: Feast takes the types of keys from the view, not from the entity. UNSUPPORTED as readView. */
export function readSnapshot(message: FeatureViewMessage): FeatureViewSnapshot {
  const { name, features, ttlSeconds, source, online = true, asKnown = false } = readView(message);
  return { name, joinKeys: readJoinKeys(message), features, ttlSeconds, source, online, asKnown };
}

/** Join keys with their types, without Feast's placeholder. UNSUPPORTED for a type that a key cannot have. */
export function readJoinKeys({ spec }: FeatureViewMessage): JoinKey[] {
  const columns = (spec?.entityColumns ?? []).filter((column) => column.name !== DUMMY_ENTITY.joinKey);
  return columns.map((column) => ({ name: column.name, type: readJoinKeyType(column.valueType, `feature view ${spec?.name ?? ''}, join key ${column.name}`) }));
}

/** Definitions of ours have stricter names; of others, any is right that does not end a reference or a line. */
function isReferable(name: string): boolean {
  return name !== '' && !/[:\p{Cc}]/u.test(name);
}

/** Whether the columns differ; Feast counts that, and nothing else, as a new version of the view. */
export function columnsDiffer(a: FeatureViewMessage, b: FeatureViewMessage): boolean {
  const text = ({ spec }: FeatureViewMessage): string =>
    JSON.stringify([[...(spec?.entities ?? [])].sort(), ...[spec?.entityColumns ?? [], spec?.features ?? []].map((fields) => fields.map((field) => `${field.name} ${field.valueType}`).sort())]);
  return text(a) !== text(b);
}

function ttlOf({ spec }: FeatureViewMessage): number | null {
  const seconds = Number(spec?.ttl?.seconds ?? 0n);
  return seconds > 0 ? seconds : null;
}

function joinKeyField(entity: Entity): Field {
  return { name: entity.joinKey, type: entity.valueType };
}
