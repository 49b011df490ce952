import type { DecodedArray } from 'hyparquet';
import { isArrayColumn } from '../../domain/data/columns.ts';
import type { Column, ColumnSchema } from '../../domain/data/columns.ts';
import { elementType } from '../../domain/features/value-types.ts';
import type { PrimitiveType, ScalarValue } from '../../domain/features/value-types.ts';
import { MICROS_PER_SECOND } from '../../domain/instant.ts';
import { secondsInMicros } from './flat-values.ts';

/** Parquet has no whole seconds: a UnixTimestamp is kept in microseconds, in integers, since a double does not hold all of their products. */
const UNIT = BigInt(MICROS_PER_SECOND);

/** A column of lists, texts or bytes as the library's writer takes it: an array with null where there is no value. */
export function toParquetValues(column: Column): DecodedArray {
  const { name, type, values, nulls } = column;
  if (isArrayColumn(column)) return Array.from(column.values, (items, i) => (nulls?.[i] === 1 ? null : parquetItems(column.type, items, name)));
  if (ArrayBuffer.isView(values)) throw new RangeError(`column ${name} of type ${type} is written by flat-column.ts`);
  return nulls === null ? (values as DecodedArray) : Array.from(values as readonly (string | Uint8Array)[], (value, i) => (nulls[i] === 1 ? null : value));
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
    case 'Timestamp': return { name, type, nulls, values: Float64Array.from(decoded as ArrayLike<bigint | null>, (value) => Number(value ?? 0n)) };
    case 'UnixTimestamp': return { name, type, nulls, values: Float64Array.from(decoded as ArrayLike<bigint | null>, (value) => Number((value ?? 0n) / UNIT)) };
    case 'String': case 'Decimal': case 'Uuid': case 'Json': return { name, type, nulls, values: nulls === null ? (decoded as string[]) : Array.from(decoded as ArrayLike<string | null>, (value) => value ?? '') };
    case 'Bytes': return { name, type, nulls, values: Array.from(decoded as ArrayLike<Uint8Array | null>, (value) => (value === null || value === undefined ? NO_BYTES : value.slice())) };
    default: return { name, type, nulls, values: Array.from(decoded as ArrayLike<readonly unknown[] | null>, (items) => canonicalItems(elementType(type)!, items ?? [])) };
  }
}

function parquetItems(type: `Array(${PrimitiveType})`, items: readonly ScalarValue[], name: string): readonly unknown[] {
  return type === 'Array(UnixTimestamp)' ? items.map((seconds) => secondsInMicros(seconds as number, name)) : items;
}

function canonicalItems(element: PrimitiveType, items: readonly unknown[]): readonly ScalarValue[] {
  if (element === 'UnixTimestamp') return items.map((micros) => Number((micros as bigint) / UNIT));
  if (element === 'Bytes') return items.map((bytes) => (bytes as Uint8Array).slice());
  return items as readonly ScalarValue[];
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
