import { columnOfValues } from '../../domain/data/column-of-values.ts';
import type { RecordBatch } from '../../domain/data/columns.ts';
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
      ...view.joinKeys.map(({ name, type }, index) => columnOfValues({ name, type }, rows.map((row) => row.key[index] as FeatureValue))),
      ...view.features.map(({ name, type }, index) => columnOfValues({ name, type }, rows.map((row) => row.values[index] as FeatureValue))),
      columnOfValues({ name: 'event_timestamp', type: 'Timestamp' }, rows.map((row) => row.event)),
      columnOfValues({ name: 'created_timestamp', type: 'Timestamp' }, rows.map((row) => row.created ?? null)),
    ],
  };
}
