import type { DecodedArray } from 'hyparquet';
import type { Column, ColumnSchema } from '../../domain/data/columns.ts';
import { microsPerUnit } from './schema.ts';

/** A column as the writer takes it: a typed array as it is, or an array with null where there is no value. */
export function toParquetValues({ type, values, nulls }: Column): DecodedArray {
  const { length } = values;
  if (type === 'Bool') return Array.from({ length }, (_, i) => (nulls?.[i] === 1 ? null : values[i] === 1));
  if (type === 'UnixTimestamp' || type === 'Timestamp') {
    const unit = microsPerUnit(type);
    return Array.from({ length }, (_, i) => (nulls?.[i] === 1 ? null : BigInt(values[i]! * unit)));
  }
  return nulls === null ? (values as DecodedArray) : Array.from({ length }, (_, i) => (nulls[i] === 1 ? null : values[i]));
}

/** The column of the values that the reader gave (instants as bigints). */
export function fromParquetValues({ name, type }: ColumnSchema, decoded: DecodedArray): Column {
  const nulls = missing(decoded);
  switch (type) {
    case 'Bool': return { name, type, nulls, values: Uint8Array.from(decoded as ArrayLike<boolean | null>, (value) => (value === true ? 1 : 0)) };
    case 'Int32': return { name, type, nulls, values: decoded instanceof Int32Array ? decoded : Int32Array.from(decoded as ArrayLike<number | null>, zeroForNull) };
    case 'Int64': return { name, type, nulls, values: decoded instanceof BigInt64Array ? decoded : BigInt64Array.from(decoded as ArrayLike<bigint | null>, (value) => value ?? 0n) };
    case 'Float32': return { name, type, nulls, values: decoded instanceof Float32Array ? decoded : Float32Array.from(decoded as ArrayLike<number | null>, zeroForNull) };
    case 'Float64': return { name, type, nulls, values: decoded instanceof Float64Array ? decoded : Float64Array.from(decoded as ArrayLike<number | null>, zeroForNull) };
    case 'UnixTimestamp': case 'Timestamp': {
      const unit = microsPerUnit(type);
      return { name, type, nulls, values: Float64Array.from(decoded as ArrayLike<bigint | null>, (value) => (value === null || value === undefined ? 0 : Number(value) / unit)) };
    }
    case 'String': return { name, type, nulls, values: nulls === null ? (decoded as string[]) : Array.from(decoded as ArrayLike<string | null>, (value) => value ?? '') };
    case 'Bytes': return { name, type, nulls, values: Array.from(decoded as ArrayLike<Uint8Array | null>, (value) => (value === null || value === undefined ? NO_BYTES : value.slice())) };
  }
}

const NO_BYTES = new Uint8Array(0);
const zeroForNull = (value: number | null): number => value ?? 0;

function missing(decoded: DecodedArray): Uint8Array | null {
  if (!Array.isArray(decoded)) return null;
  let nulls: Uint8Array | null = null;
  for (let i = 0; i < decoded.length; i++) {
    if (decoded[i] === null || decoded[i] === undefined) (nulls ??= new Uint8Array(decoded.length))[i] = 1;
  }
  return nulls;
}
