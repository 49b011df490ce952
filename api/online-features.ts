import type { FeatureSelection, FeatureViewSnapshot } from '../domain/features/snapshot.ts';
import type { FeatureValue } from '../domain/features/value-types.ts';
import { MICROS_PER_SECOND, type Micros } from '../domain/instant.ts';
import type { OnlineReadRequest, OnlineRow, OnlineStore } from '../ports/online-store.ts';
import type { PredictInstance } from './predict-request.ts';

/** Feast's words. NOT_FOUND: the store has nothing of the entity. OUTSIDE_MAX_AGE: older than the view's ttl at the as-of instant. */
export type FeatureStatus = 'PRESENT' | 'NULL_VALUE' | 'NOT_FOUND' | 'OUTSIDE_MAX_AGE';

export interface OnlineFeature {
  readonly column: string;
  /** null unless PRESENT: what the model sees. */
  readonly value: FeatureValue;
  readonly status: FeatureStatus;
  readonly eventTimestampMicros: Micros | undefined;
}

/** The features of each instance in the selection's column order, as of `asOf`: the ttl rule is that of the historical join, the edge inside. One round trip. */
export async function readOnlineFeatures(store: OnlineStore, selection: FeatureSelection, instances: readonly PredictInstance[], asOf: Micros): Promise<readonly (readonly OnlineFeature[])[]> {
  const requests = selection.views.map((view): OnlineReadRequest => ({
    view,
    features: selection.columns.filter((column) => column.view === view.name).map((column) => column.feature),
    entityKeys: instances.map(({ entities }) => view.joinKeys.map(({ name }) => entities[name] ?? null)),
  }));
  const answers = await store.read(requests);
  const places = selection.columns.map((column) => {
    const index = requests.findIndex(({ view }) => view.name === column.view);
    return { column: column.column, index, feature: requests[index]?.features.indexOf(column.feature) ?? -1, view: requests[index]?.view };
  });
  return instances.map((_, row) => places.map(({ column, index, feature, view }) => judge(column, answers[index]?.[row], feature, view, asOf)));
}

function judge(column: string, row: OnlineRow | undefined, feature: number, view: FeatureViewSnapshot | undefined, asOf: Micros): OnlineFeature {
  const eventTimestampMicros = row?.eventTimestampMicros;
  if (eventTimestampMicros === undefined) return { column, value: null, status: 'NOT_FOUND', eventTimestampMicros };
  const ttl = view?.ttlSeconds ?? null;
  if (eventTimestampMicros > asOf || (ttl !== null && asOf - eventTimestampMicros > ttl * MICROS_PER_SECOND)) return { column, value: null, status: 'OUTSIDE_MAX_AGE', eventTimestampMicros };
  const value = row?.values[feature] ?? null;
  return { column, value, status: value === null ? 'NULL_VALUE' : 'PRESENT', eventTimestampMicros };
}
