import type { OnlineColumns, OnlineReadRequest, OnlineRow } from '../../ports/online-store.ts';

/** The rows of what was read, every value decoded: OnlineStore.read from OnlineStore.readColumns. */
export function rowsOf({ entityKeys, features }: OnlineReadRequest, columns: OnlineColumns): OnlineRow[] {
  return entityKeys.map((_, row) => {
    const micros = columns.eventTimestamps[row]!;
    return { eventTimestampMicros: Number.isNaN(micros) ? undefined : micros, values: features.map((__, feature) => columns.value(row, feature)) };
  });
}

/** Rows that are decoded already, as columns. */
export function columnsOf(rows: readonly OnlineRow[]): OnlineColumns {
  const value: OnlineColumns['value'] = (row, feature) => rows[row]!.values[feature]!;
  return {
    eventTimestamps: Float64Array.from(rows, ({ eventTimestampMicros }) => eventTimestampMicros ?? Number.NaN),
    value,
    tell: (row, feature, sink) => sink.value(value(row, feature)),
  };
}
