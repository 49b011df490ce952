import { isWithinAge } from '../../../domain/features/point-in-time.ts';
import { keyColumn, selectedName, type FeatureSelection } from '../../../domain/features/snapshot.ts';
import type { FeatureValue } from '../../../domain/features/value-types.ts';
import { MICROS_PER_SECOND, type Micros } from '../../../domain/instant.ts';
import type { OnlineStore } from '../../../ports/online-store.ts';
import type { EntityRow } from './entity-rows.ts';

/** What the online store holds of one feature of one entity. */
export interface StoredValue {
  /** The view's name, or its alias in the service. */
  readonly view: string;
  readonly feature: string;
  /** As stored, also where it is too old to be served. */
  readonly value: FeatureValue;
  /** NOT_FOUND: nothing of this entity in this view. OUTSIDE_MAX_AGE: older than the view's ttl at the as-of instant, or later than that instant. NULL_VALUE: known to have no value. */
  readonly status: 'PRESENT' | 'NULL_VALUE' | 'NOT_FOUND' | 'OUTSIDE_MAX_AGE';
  readonly eventMicros: Micros | undefined;
  readonly ageMicros: Micros | undefined;
  /** Below zero: so long ago it became too old. undefined where there is no row or the view has no ttl. */
  readonly ttlLeftMicros: Micros | undefined;
}

/** One list per entity, in the order of the selection's columns. */
export async function readNow(store: OnlineStore, { views, columns }: FeatureSelection, rows: readonly EntityRow[], asOf: Micros): Promise<readonly (readonly StoredValue[])[]> {
  const requests = views.map((view) => ({
    view,
    features: columns.filter((column) => column.view === selectedName(view)).map(({ feature }) => feature),
    entityKeys: rows.map((row) => view.joinKeys.map(({ name }) => row.columns[keyColumn(view, name)] as FeatureValue)),
  }));
  const answers = await store.read(requests);
  return rows.map((_, index) =>
    columns.map(({ view: name, feature }) => {
      const request = requests.findIndex(({ view }) => selectedName(view) === name);
      const { view, features } = requests[request]!;
      const { eventTimestampMicros: eventMicros, values } = answers[request]![index]!;
      if (eventMicros === undefined) return { view: name, feature, value: null, status: 'NOT_FOUND' as const, eventMicros, ageMicros: undefined, ttlLeftMicros: undefined };
      const value = values[features.indexOf(feature)] as FeatureValue;
      const ageMicros = asOf - eventMicros;
      const ttlLeftMicros = view.ttlSeconds === null ? undefined : view.ttlSeconds * MICROS_PER_SECOND - ageMicros;
      const status = !isWithinAge(view.ttlSeconds, eventMicros, asOf) ? 'OUTSIDE_MAX_AGE' : value === null ? 'NULL_VALUE' : 'PRESENT';
      return { view: name, feature, value, status, eventMicros, ageMicros, ttlLeftMicros };
    }),
  );
}
