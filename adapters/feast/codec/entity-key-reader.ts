import type { JoinKey } from '../../../domain/features/snapshot.ts';
import type { FeatureValue, JoinKeyType } from '../../../domain/features/value-types.ts';
import { createEntityKeyEncoder } from './entity-key.ts';

/** Finds and reads the entity keys of one project and one set of join keys. */
export interface EntityKeyReader {
  /** The bytes that every such key begins with. */
  readonly prefix: Buffer;
  /** The bytes that every such key ends with. */
  readonly suffix: Buffer;
  /** Whether `read` would find values: of keys that begin and end as above, without reading values. */
  matches(key: Buffer): boolean;
  /** The join key values, in the order of the join keys; undefined where the bytes are a key of another project, of other join keys, or none at all. */
  read(key: Buffer): readonly FeatureValue[] | undefined;
}

/** The reverse of `createEntityKeyEncoder`, for the same project and join keys. */
export function createEntityKeyReader(project: string, joinKeys: readonly JoinKey[]): EntityKeyReader {
  const suffix = Buffer.from(project, 'utf8');
  const sorted = joinKeys.map(({ name, type }, index) => ({ name: Buffer.from(name, 'utf8'), type, index })).sort((a, b) => Buffer.compare(a.name, b.name));
  const encode = createEntityKeyEncoder(project, joinKeys);
  const prefix = prefixOf(sorted.length === 0 ? [Buffer.from('__dummy_id', 'utf8')] : sorted.map(({ name }) => name));
  const only = sorted.length === 0 ? encode([]) : undefined;
  const parts = sorted.map(({ type, index }) => ({ reader: READERS[type], index }));
  // Goes from value to value by their lengths; `take` gets each, as a view of the key.
  const walk = (key: Buffer, take?: (index: number, value: FeatureValue) => void): boolean => {
    if (only !== undefined) return key.equals(only);
    if (key.length < prefix.length || key.compare(prefix, 0, prefix.length, 0, prefix.length) !== 0) return false;
    let at = prefix.length;
    for (const { reader: [typeNumber, length, read], index } of parts) {
      if (at + 8 > key.length || key.readUInt32LE(at) !== typeNumber) return false;
      const end = at + 8 + key.readUInt32LE(at + 4);
      if (end > key.length || (length !== undefined && end - at - 8 !== length)) return false;
      take?.(index, read(key.subarray(at + 8, end)));
      at = end;
    }
    return key.length - at === suffix.length && key.compare(suffix, 0, suffix.length, at) === 0;
  };
  return {
    prefix,
    suffix,
    matches: (key) => walk(key),
    read(key) {
      const values = new Array<FeatureValue>(sorted.length);
      return walk(key, (index, value) => (values[index] = value)) ? values : undefined;
    },
  };
}

const READERS: { readonly [T in JoinKeyType]: readonly [typeNumber: number, bytes: number | undefined, read: (bytes: Buffer) => FeatureValue] } = {
  Bytes: [1, undefined, (bytes) => Uint8Array.from(bytes)],
  String: [2, undefined, (bytes) => bytes.toString('utf8')],
  Int32: [3, 4, (bytes) => bytes.readInt32LE(0)],
  Int64: [4, 8, (bytes) => bytes.readBigInt64LE(0)],
  UnixTimestamp: [8, 8, (bytes) => Number(bytes.readBigInt64LE(0))],
};

function prefixOf(names: readonly Buffer[]): Buffer {
  const uint32 = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    return bytes;
  };
  return Buffer.concat([uint32(names.length), ...names.flatMap((name) => [uint32(2), uint32(name.length), name])]);
}
