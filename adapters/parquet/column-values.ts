import type { DecodedArray } from 'hyparquet';
import { isArrayColumn } from '../../domain/data/columns.ts';
import type { Column, ColumnSchema } from '../../domain/data/columns.ts';
import { PipelineError } from '../../domain/errors.ts';
import { elementType } from '../../domain/features/value-types.ts';
import type { PrimitiveType, ScalarValue } from '../../domain/features/value-types.ts';
import { MICROS_PER_SECOND } from '../../domain/instant.ts';

/** Parquet has no whole seconds: a UnixTimestamp is kept in microseconds, in integers, since a double does not hold all of their products. */
const UNIT = BigInt(MICROS_PER_SECOND);
const MOST_SECONDS = 9_223_372_036_854;

/** A column as the writer takes it: a typed array as it is, or an array with null where there is no value. */
export function toParquetValues(column: Column): DecodedArray {
  const { name, type, values, nulls } = column;
  const { length } = values;
  if (isArrayColumn(column)) return Array.from(column.values, (items, i) => (nulls?.[i] === 1 ? null : parquetItems(column.type, items, name)));
  if (type === 'Bool') return Array.from({ length }, (_, i) => (nulls?.[i] === 1 ? null : values[i] === 1));
  if (type === 'Timestamp') return Array.from({ length }, (_, i) => (nulls?.[i] === 1 ? null : BigInt(values[i]!)));
  if (type === 'UnixTimestamp') return Array.from({ length }, (_, i) => (nulls?.[i] === 1 ? null : microsOfSeconds(values[i]!, name)));
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
    case 'Timestamp': return { name, type, nulls, values: Float64Array.from(decoded as ArrayLike<bigint | null>, (value) => Number(value ?? 0n)) };
    case 'UnixTimestamp': return { name, type, nulls, values: Float64Array.from(decoded as ArrayLike<bigint | null>, (value) => Number((value ?? 0n) / UNIT)) };
    case 'String': case 'Decimal': case 'Uuid': case 'Json': return { name, type, nulls, values: nulls === null ? (decoded as string[]) : Array.from(decoded as ArrayLike<string | null>, (value) => value ?? '') };
    case 'Bytes': return { name, type, nulls, values: Array.from(decoded as ArrayLike<Uint8Array | null>, (value) => (value === null || value === undefined ? NO_BYTES : value.slice())) };
    default: return { name, type, nulls, values: Array.from(decoded as ArrayLike<readonly unknown[] | null>, (items) => canonicalItems(elementType(type)!, items ?? [])) };
  }
}

function parquetItems(type: `Array(${PrimitiveType})`, items: readonly ScalarValue[], name: string): readonly unknown[] {
  return type === 'Array(UnixTimestamp)' ? items.map((seconds) => microsOfSeconds(seconds as number, name)) : items;
}

function canonicalItems(element: PrimitiveType, items: readonly unknown[]): readonly ScalarValue[] {
  if (element === 'UnixTimestamp') return items.map((micros) => Number((micros as bigint) / UNIT));
  if (element === 'Bytes') return items.map((bytes) => (bytes as Uint8Array).slice());
  return items as readonly ScalarValue[];
}

function microsOfSeconds(seconds: number, name: string): bigint {
  if (Math.abs(seconds) <= MOST_SECONDS) return BigInt(seconds) * UNIT;
  throw new PipelineError('INVALID_DATA', `Column ${name} is a UnixTimestamp and holds more seconds than a data set can (years beyond 290,000). Are they milliseconds or microseconds? Then divide them, or declare Int64.`);
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
