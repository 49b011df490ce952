import { isDeepStrictEqual } from 'node:util';
import { create, equals, fromBinary, type Message, toBinary } from '@bufbuild/protobuf';
import type { GenMessage } from '@bufbuild/protobuf/codegenv2';
import type { Timestamp } from '@bufbuild/protobuf/wkt';
import type { Micros } from '../../../domain/instant.ts';
import { type DataSource, DataSource_SourceMetaSchema, DataSourceSchema } from '../gen/feast/core/DataSource_pb.ts';
import { type Entity, EntityMetaSchema, EntitySchema } from '../gen/feast/core/Entity_pb.ts';
import { type FeatureService, FeatureServiceMetaSchema, FeatureServiceSchema } from '../gen/feast/core/FeatureService_pb.ts';
import { type FeatureView, FeatureViewMetaSchema, FeatureViewSchema } from '../gen/feast/core/FeatureView_pb.ts';
import { DUMMY_ENTITY, readEntity } from './entity-message.ts';
import { readService } from './service-message.ts';
import { isPushSource, readPush } from './push-message.ts';
import { isTableSource, readSource } from './source-message.ts';
import { toTimestamp } from './timestamps.ts';
import { tryRead } from './unsupported.ts';
import { readJoinKeys, readView } from './view-message.ts';

/** The kinds of registry object that are ours to write. */
export type KindName = 'data source' | 'feature view' | 'entity' | 'feature service';

/** What can be done with the stored form of one kind of object. */
export interface RegistryKind<M> {
  readonly kind: KindName;
  decode(bytes: Uint8Array): M;
  encode(message: M): Uint8Array;
  /** Whether nothing has to be written: the definition is the same, however another program has put it into the message. */
  same(a: M, b: M): boolean;
  /** Notes when the message was written, and when first where nothing says so yet. */
  stamp(message: M, now: Micros): void;
  /** The definition; throws UNSUPPORTED for one that ours cannot express. */
  read(message: M): object;
  /** Whether it goes when the repository does not name it, unless something that stays needs it. */
  isRemovable(message: M): boolean;
}

/** Sources of other kinds (request, Kafka, ...) belong to views of other kinds: they stay. */
export const DATA_SOURCES = registryKind<DataSource>('data source', DataSourceSchema, () => create(DataSource_SourceMetaSchema), readAnySource, (message) => isTableSource(message) || isPushSource(message), saysTheSame);
export const FEATURE_VIEWS = registryKind<FeatureView>('feature view', FeatureViewSchema, () => create(FeatureViewMetaSchema), readViewWithKeys, () => true, saysTheSame);
/** Feast's placeholder stays. */
export const ENTITIES = registryKind<Entity>('entity', EntitySchema, () => create(EntityMetaSchema), readEntity, ({ spec }) => spec?.name !== DUMMY_ENTITY.name, saysTheSame);
/** A service repeats features of its views with their types, which its definition does not say. */
export const FEATURE_SERVICES = registryKind<FeatureService>('feature service', FeatureServiceSchema, () => create(FeatureServiceMetaSchema), readService, () => true, () => false);

/** A table's definition, or a push source's with that of the table behind it. */
function readAnySource(message: DataSource): object {
  if (!isPushSource(message)) return readSource(message);
  return { ...readPush(message), ...(message.batchSource === undefined ? {} : { source: readSource(message.batchSource) }) };
}

/** A view with the types of its keys, which stand in its message and, in the definitions, at its entities. */
function readViewWithKeys(message: FeatureView): object {
  return { ...readView(message), joinKeys: readJoinKeys(message) };
}

/** Feast writes messages anew, without fields of ours that it does not read. */
function saysTheSame<M>(read: (message: M) => object, a: M, b: M): boolean {
  const [one, other] = [tryRead(() => read(a)), tryRead(() => read(b))];
  return 'value' in one && 'value' in other && isDeepStrictEqual(one.value, other.value);
}

interface Meta {
  createdTimestamp?: Timestamp | undefined;
  lastUpdatedTimestamp?: Timestamp | undefined;
}

function registryKind<M extends Message & { meta?: Meta | undefined }>(
  kind: KindName,
  schema: GenMessage<M>,
  newMeta: () => NonNullable<M['meta']>,
  read: (message: M) => object,
  isRemovable: (message: M) => boolean,
  equivalent: (read: (message: M) => object, a: M, b: M) => boolean,
): RegistryKind<M> {
  return {
    kind,
    decode: (bytes) => fromBinary(schema, bytes) as M,
    encode: (message) => toBinary(schema, message as Parameters<typeof toBinary<typeof schema>>[1]),
    same: (a, b) => equals(schema, a as Parameters<typeof equals<typeof schema>>[1], b as Parameters<typeof equals<typeof schema>>[2]) || equivalent(read, a, b),
    stamp: (message, now) => {
      const meta = (message.meta ??= newMeta());
      meta.createdTimestamp ??= toTimestamp(now);
      meta.lastUpdatedTimestamp = toTimestamp(now);
    },
    read,
    isRemovable,
  };
}
