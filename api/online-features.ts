import { isWithinAge } from '../domain/features/point-in-time.ts';
import type { FeatureValue } from '../domain/features/value-types.ts';
import type { Micros } from '../domain/instant.ts';
import type { OnlineRow, OnlineStore } from '../ports/online-store.ts';
import type { PredictInstance } from './predict-request.ts';
import type { PlannedFeature, PredictionPlan } from './prediction-plan.ts';

/**
 * Feast's words for what a read found. NOT_FOUND: the store has nothing of the entity in that view. OUTSIDE_MAX_AGE: older than the view's ttl at the as-of instant, or
 * later than that instant (its age is then negative). NULL_VALUE: the value is null, NaN or an empty text, all of which a model sees as missing.
 */
export const FEATURE_STATUSES = ['PRESENT', 'NULL_VALUE', 'NOT_FOUND', 'OUTSIDE_MAX_AGE'] as const;
export type FeatureStatus = (typeof FEATURE_STATUSES)[number];

export interface OnlineFeature {
  readonly column: string;
  /** null unless PRESENT: what the model sees. */
  readonly value: FeatureValue;
  readonly status: FeatureStatus;
  readonly eventTimestampMicros: Micros | undefined;
}

/** The features of each instance in the selection's column order, as of `asOf`: the age rule is that of the historical join. One round trip; none for a model without features. */
export async function readOnlineFeatures(store: OnlineStore, { reads, features }: PredictionPlan, instances: readonly PredictInstance[], asOf: Micros): Promise<readonly (readonly OnlineFeature[])[]> {
  if (reads.length === 0) return instances.map(() => []);
  const answers = await store.read(reads.map((read) => ({ ...read, entityKeys: instances.map(({ entities }) => read.view.joinKeys.map(({ name }) => entities[name] ?? null)) })));
  return instances.map((_, row) => features.map((feature) => judge(feature, answers[feature.read]?.[row], asOf)));
}

function judge({ column, place, ttlSeconds }: PlannedFeature, row: OnlineRow | undefined, asOf: Micros): OnlineFeature {
  const eventTimestampMicros = row?.eventTimestampMicros;
  if (eventTimestampMicros === undefined) return { column, value: null, status: 'NOT_FOUND', eventTimestampMicros };
  if (!isWithinAge(ttlSeconds, eventTimestampMicros, asOf)) return { column, value: null, status: 'OUTSIDE_MAX_AGE', eventTimestampMicros };
  const value = row?.values[place] ?? null;
  if (value === null || value === '' || Number.isNaN(value)) return { column, value: null, status: 'NULL_VALUE', eventTimestampMicros };
  return { column, value, status: 'PRESENT', eventTimestampMicros };
}
