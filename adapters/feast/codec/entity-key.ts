import type { JoinKey } from '../../../domain/features/snapshot.ts';
import type { FeatureValue, JoinKeyType } from '../../../domain/features/value-types.ts';
import { ByteWriter } from './byte-writer.ts';

/** feast.types.ValueType numbers of the types that a join key may have. */
const TYPE_NUMBERS = { Bytes: 1, String: 2, Int32: 3, Int64: 4, UnixTimestamp: 8 } as const satisfies Record<JoinKeyType, number>;

/** What Feast stores for a view without entities: one key, the same for all. */
const NO_ENTITY: JoinKey = { name: '__dummy_id', type: 'String' };

/** Serializes the values of a view's join keys, in the view's order, to the key of its Redis hash. */
export type EntityKeyEncoder = (values: readonly FeatureValue[]) => Buffer;

/** The same, behind what the writer holds. A refused value may leave its beginning there. */
export type EntityKeyWriter = (writer: ByteWriter, values: readonly FeatureValue[]) => void;

/**
 * Feast's entity key, serialization version 3, with the project after it: the number of join keys, their names and then their values, both in code point
 * order of the names; each with its type and length. The part before the values is made once. The values must be canonical and not null (a TypeError else).
 */
export function createEntityKeyEncoder(project: string, joinKeys: readonly JoinKey[]): EntityKeyEncoder {
  const write = createEntityKeyWriter(project, joinKeys);
  const writer = new ByteWriter(256);
  return (values) => {
    writer.clear(); // a refused value may have left its beginning
    write(writer, values);
    return writer.take();
  };
}

/** Entity keys as `createEntityKeyEncoder` makes them, one after the other. */
export function createEntityKeyWriter(project: string, joinKeys: readonly JoinKey[]): EntityKeyWriter {
  const keys = joinKeys.length === 0 ? [NO_ENTITY] : joinKeys;
  const sorted = keys.map(({ name, type }, index) => ({ name: Buffer.from(name, 'utf8'), type, index })).sort((a, b) => Buffer.compare(a.name, b.name));
  const prefix = prefixOf(sorted.map(({ name }) => name));
  const suffix = Buffer.from(project, 'utf8');
  return (writer, values) => {
    if (values.length !== joinKeys.length) throw new TypeError(`${values.length} values for ${joinKeys.length} join keys`);
    writer.raw(prefix);
    for (const { type, index } of sorted) {
      writer.uint32(TYPE_NUMBERS[type]);
      const start = writer.openUint32();
      writeKeyValue(writer, type, joinKeys.length === 0 ? '' : (values[index] as FeatureValue));
      writer.closeUint32(start);
    }
    writer.raw(suffix);
  };
}

function prefixOf(names: readonly Buffer[]): Buffer {
  const writer = new ByteWriter(256);
  writer.uint32(names.length);
  for (const name of names) {
    writer.uint32(TYPE_NUMBERS.String);
    writer.uint32(name.length);
    writer.raw(name);
  }
  return writer.take();
}

function writeKeyValue(writer: ByteWriter, type: JoinKeyType, value: FeatureValue): void {
  if (typeof value === 'string' && type === 'String') writer.utf8(value);
  else if (typeof value === 'number' && type === 'Int32') writer.uint32(value);
  else if (typeof value === 'bigint' && type === 'Int64') writer.int64(value);
  else if (typeof value === 'number' && type === 'UnixTimestamp') writer.int64(BigInt(value));
  else if (value instanceof Uint8Array && type === 'Bytes') writer.raw(value);
  else throw new TypeError(`a join key of type ${type} cannot be ${value === null ? 'null' : `a ${typeof value}`}`);
}
