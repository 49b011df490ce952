import { columnOfValues } from '../data/column-of-values.ts';
import type { RecordBatch } from '../data/columns.ts';
import { MICROS_PER_SECOND, type Micros } from '../instant.ts';
import type { FeatureViewSnapshot } from './snapshot.ts';
import type { FeatureValue } from './value-types.ts';

/** One event of one view, canonical. */
export interface PushedRow {
  /** In the order of the view's join keys; never null. */
  readonly key: readonly FeatureValue[];
  /** In the order of the view's features; all null in a row that deletes. */
  readonly values: readonly FeatureValue[];
  readonly eventTimestampMicros: Micros;
  /** null: not known. */
  readonly createdTimestampMicros: Micros | null;
  /** A tombstone, for a source with a `deletedColumn`. */
  readonly deleted: boolean;
}

export interface PushedRows {
  readonly view: FeatureViewSnapshot;
  readonly rows: readonly PushedRow[];
}

/** How far the clock that dated an event may be ahead of ours: a row within this is taken for one of now. */
const CLOCK_SKEW_MICROS = 5 * MICROS_PER_SECOND;

/** Whether an event has not happened yet. Its row is not to be online before it has: reads pass over it, and it keeps true values out. */
export function isAhead(eventMicros: Micros, nowMicros: Micros): boolean {
  return eventMicros > nowMicros + CLOCK_SKEW_MICROS;
}

/** The wanted rows of each view; views of which there are none are left out. */
export function onlyRows(views: readonly PushedRows[], isWanted: (row: PushedRow) => boolean): PushedRows[] {
  return views.map(({ view, rows }) => ({ view, rows: rows.filter(isWanted) })).filter(({ rows }) => rows.length > 0);
}

/** The rows by the second in which their events happen: the instant at which all of one second have happened. */
export function bySecond(rows: readonly PushedRow[]): ReadonlyMap<Micros, readonly PushedRow[]> {
  const found = new Map<Micros, PushedRow[]>();
  for (const row of rows) {
    const dueMicros = Math.ceil(row.eventTimestampMicros / MICROS_PER_SECOND) * MICROS_PER_SECOND;
    const there = found.get(dueMicros);
    if (there === undefined) found.set(dueMicros, [row]);
    else there.push(row);
  }
  return found;
}

/** The rows as OnlineStore.write takes them: join keys, features, `event_timestamp`, `created_timestamp`. */
export function pushedBatch({ view, rows }: PushedRows): RecordBatch {
  return {
    rowCount: rows.length,
    columns: [
      ...view.joinKeys.map((joinKey, index) => columnOfValues(joinKey, rows.map(({ key }) => key[index]!))),
      ...view.features.map((feature, index) => columnOfValues(feature, rows.map(({ values }) => values[index]!))),
      columnOfValues({ name: 'event_timestamp', type: 'Timestamp' }, rows.map(({ eventTimestampMicros }) => eventTimestampMicros)),
      columnOfValues({ name: 'created_timestamp', type: 'Timestamp' }, rows.map(({ createdTimestampMicros }) => createdTimestampMicros)),
    ],
  };
}
