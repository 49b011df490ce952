import { elementType } from '../features/value-types.ts';
import type { FeatureValue, ScalarValue, ValueType } from '../features/value-types.ts';
import type { Column, ColumnSchema, ScalarColumnArrays, ScalarColumnType } from './columns.ts';

const zero = (value: FeatureValue): number => Number(value ?? 0);
const text = (value: FeatureValue): string => (value ?? '') as string;
const NO_BYTES = new Uint8Array(0);
const NO_ITEMS: readonly ScalarValue[] = [];

const ARRAYS: { readonly [T in ScalarColumnType]: (values: readonly FeatureValue[]) => ScalarColumnArrays[T] } = {
  Bool: (values) => Uint8Array.from(values, zero),
  Int32: (values) => Int32Array.from(values, zero),
  Int64: (values) => BigInt64Array.from(values, (value) => (value ?? 0n) as bigint),
  Float32: (values) => Float32Array.from(values, zero),
  Float64: (values) => Float64Array.from(values, zero),
  String: (values) => values.map(text),
  Bytes: (values) => values.map((value) => (value ?? NO_BYTES) as Uint8Array),
  UnixTimestamp: (values) => Float64Array.from(values, zero),
  Timestamp: (values) => Float64Array.from(values, zero),
  Decimal: (values) => values.map(text),
  Uuid: (values) => values.map(text),
  Json: (values) => values.map(text),
};

/** A column of canonical values (of a Timestamp: microseconds). */
export function columnOfValues({ name, type }: ColumnSchema, values: readonly FeatureValue[]): Column {
  const nulls = values.includes(null) ? Uint8Array.from(values, (value) => (value === null ? 1 : 0)) : null;
  const isList = type !== 'Timestamp' && elementType(type as ValueType) !== undefined;
  return { name, type, nulls, values: isList ? values.map((value) => value ?? NO_ITEMS) : ARRAYS[type as ScalarColumnType](values) } as Column;
}
