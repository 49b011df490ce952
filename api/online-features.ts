import { asOfSeconds } from '../domain/features/on-demand-rows.ts';
import { isWithinAge } from '../domain/features/point-in-time.ts';
import { PipelineError } from '../domain/errors.ts';
import type { FeatureValue } from '../domain/features/value-types.ts';
import type { Micros } from '../domain/instant.ts';
import type { OnlineRow, OnlineStore } from '../ports/online-store.ts';
import type { PredictInstance } from './predict-request.ts';
import { AS_OF, type PlannedFeature, type PlannedOnDemand, type PredictionPlan } from './prediction-plan.ts';

/**
 * Feast's words for what a read found. NOT_FOUND: the store has nothing of the entity in that view. OUTSIDE_MAX_AGE: older than the view's ttl at the as-of instant, or
 * later than that instant (its age is then negative). An on-demand feature is PRESENT or NULL_VALUE, and has no age. NULL_VALUE: the value is null, NaN or an empty text, all of which a model sees as missing.
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

/**
 * The features of each instance as of `asOf`, stored ones in the selection's column order, then those on demand: the age rule is that of the historical join, and the functions get
 * what they get there. One round trip; none for a model without stored features. INVALID_INPUT when a function refuses an instance.
 */
export async function readOnlineFeatures(store: OnlineStore, { reads, features, onDemand }: PredictionPlan, instances: readonly PredictInstance[], asOf: Micros): Promise<readonly (readonly OnlineFeature[])[]> {
  const answers = reads.length === 0 ? [] : await store.read(reads.map(({ view, features: names, keyColumns }) => ({ view, features: names, entityKeys: instances.map(({ entities }) => keyColumns.map((column) => entities[column] ?? null)) })));
  return instances.map((instance, row) => {
    const found = features.map((feature) => find(feature, answers[feature.read]?.[row], asOf));
    const computed = onDemand.flatMap((view) => compute(view, { instance, found, asOf, row }));
    return [...features.map((feature, index) => judge(feature.column, found[index]!)), ...computed.map(({ column, ...one }) => judge(column, one))];
  });
}

/** What the store has, by the age rule; the value is as it is stored. */
interface Found {
  readonly value: FeatureValue;
  readonly status: 'FOUND' | 'NOT_FOUND' | 'OUTSIDE_MAX_AGE';
  readonly eventTimestampMicros: Micros | undefined;
}

function find({ place, ttlSeconds }: PlannedFeature, row: OnlineRow | undefined, asOf: Micros): Found {
  const eventTimestampMicros = row?.eventTimestampMicros;
  if (eventTimestampMicros === undefined) return { value: null, status: 'NOT_FOUND', eventTimestampMicros };
  if (!isWithinAge(ttlSeconds, eventTimestampMicros, asOf)) return { value: null, status: 'OUTSIDE_MAX_AGE', eventTimestampMicros };
  return { value: row?.values[place] ?? null, status: 'FOUND', eventTimestampMicros };
}

interface Row {
  readonly instance: PredictInstance;
  readonly found: readonly Found[];
  readonly asOf: Micros;
  readonly row: number;
}

function compute({ columns, arguments: sources, compute: run }: PlannedOnDemand, { instance, found, asOf, row }: Row): (Found & { readonly column: string })[] {
  const values = sources.map((source) => (source === AS_OF ? asOfSeconds(asOf) : typeof source === 'number' ? (found[source]?.value ?? null) : (instance.request[source] ?? null)));
  try {
    return run(values, `instances[${row}]`).map((value, index) => ({ column: columns[index]!, value, status: 'FOUND', eventTimestampMicros: undefined }));
  } catch (error) {
    if (error instanceof PipelineError && error.code === 'INVALID_DATA') throw new PipelineError('INVALID_INPUT', `The model refuses an instance: ${error.message}`, { cause: error });
    throw error;
  }
}

/** As a model sees it. */
function judge(column: string, { value, status, eventTimestampMicros }: Found): OnlineFeature {
  if (status !== 'FOUND') return { column, value: null, status, eventTimestampMicros };
  if (value === null || value === '' || Number.isNaN(value)) return { column, value: null, status: 'NULL_VALUE', eventTimestampMicros };
  return { column, value, status: 'PRESENT', eventTimestampMicros };
}
