import type { Column, ColumnType, RecordBatch } from '../../domain/data/columns.ts';
import type { Field } from '../../domain/features/definitions.ts';
import type { FeatureViewSnapshot, JoinKey } from '../../domain/features/snapshot.ts';
import type { FeatureValue } from '../../domain/features/value-types.ts';

export interface OnlineTestRow {
  readonly key: readonly FeatureValue[];
  readonly values: readonly FeatureValue[];
  /** Microseconds. */
  readonly event: number;
  /** Microseconds; left out or null: unknown. */
  readonly created?: number | null;
}

export function testView(name: string, joinKeys: readonly JoinKey[], features: readonly Field[], ttlSeconds: number | null = null): FeatureViewSnapshot {
  return { name, joinKeys, features, ttlSeconds, source: { name, table: `feature_mart.${name}`, timestampField: 'event_timestamp' }, online: true, asKnown: false };
}

/** Rows as a warehouse gives them to be written online: join keys, features, event_timestamp, created_timestamp. */
export function testBatch(view: FeatureViewSnapshot, rows: readonly OnlineTestRow[]): RecordBatch {
  return {
    rowCount: rows.length,
    columns: [
      ...view.joinKeys.map(({ name, type }, index) => testColumn(name, type, rows.map((row) => row.key[index] as FeatureValue))),
      ...view.features.map(({ name, type }, index) => testColumn(name, type as ColumnType, rows.map((row) => row.values[index] as FeatureValue))),
      testColumn('event_timestamp', 'Timestamp', rows.map((row) => row.event)),
      testColumn('created_timestamp', 'Timestamp', rows.map((row) => row.created ?? null)),
    ],
  };
}

const ARRAYS: { readonly [T in ColumnType]: (values: readonly FeatureValue[]) => unknown } = {
  Bool: (values) => Uint8Array.from(values, (value) => (value === true ? 1 : 0)),
  Int32: (values) => Int32Array.from(values as number[]),
  Int64: (values) => BigInt64Array.from(values, (value) => (value as bigint | null) ?? 0n),
  Float32: (values) => Float32Array.from(values as number[]),
  Float64: (values) => Float64Array.from(values as number[]),
  String: (values) => values.map((value) => value ?? ''),
  Bytes: (values) => values.map((value) => value ?? new Uint8Array(0)),
  UnixTimestamp: (values) => Float64Array.from(values as number[]),
  Timestamp: (values) => Float64Array.from(values as number[]),
};

function testColumn(name: string, type: ColumnType, values: readonly FeatureValue[]): Column {
  const nulls = values.includes(null) ? Uint8Array.from(values, (value) => (value === null ? 1 : 0)) : null;
  return { name, type, values: ARRAYS[type](values), nulls } as Column;
}
