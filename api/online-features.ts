import { PipelineError } from '../domain/errors.ts';
import { findFeatures, type FoundFeature, type OnlineAnswer, type OnlinePlan } from '../domain/features/online-plan.ts';
import type { FeatureValue } from '../domain/features/value-types.ts';
import type { Micros } from '../domain/instant.ts';
import type { OnlineStore } from '../ports/online-store.ts';
import type { PredictInstance } from './predict-request.ts';

/**
 * Feast's words for what a read found. NOT_FOUND: the store has nothing of the entity in that view. OUTSIDE_MAX_AGE: older than the view's ttl at the as-of instant, or
 * later than that instant (its age is then negative). NULL_VALUE: the value is null, NaN or an empty text, all of which a model sees as missing. An on-demand feature is PRESENT
 * or NULL_VALUE, and has no age.
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

/** The features of each instance as of `asOf`, in the order of the plan's columns. One round trip; none for a model without stored features. INVALID_INPUT when an on-demand feature cannot be computed. */
export async function readOnlineFeatures(store: OnlineStore, plan: OnlinePlan, instances: readonly PredictInstance[], asOf: Micros): Promise<readonly (readonly OnlineFeature[])[]> {
  const { reads, columns } = plan;
  const answers = reads.length === 0 ? [] : await store.read(reads.map(({ view, features, keyColumns }) => ({ view, features, entityKeys: instances.map(({ entities }) => keyColumns.map((column) => entities[column] ?? null)) })));
  return instances.map(({ request }, row) => find(plan, { stored: answers.map((rows) => rows[row]), request, asOf, where: `instances[${row}]` }).map((found, index) => judge(columns[index]!, found)));
}

function find(plan: OnlinePlan, answer: OnlineAnswer): readonly FoundFeature[] {
  try {
    return findFeatures(plan, answer);
  } catch (error) {
    if (error instanceof PipelineError && error.code === 'INVALID_DATA') throw new PipelineError('INVALID_INPUT', `The model refuses an instance: ${error.message}`, { cause: error });
    throw error;
  }
}

/** As a model sees it. */
function judge(column: string, { value, status, eventTimestampMicros }: FoundFeature): OnlineFeature {
  if (status !== 'FOUND') return { column, value: null, status, eventTimestampMicros };
  if (value === null || value === '' || Number.isNaN(value)) return { column, value: null, status: 'NULL_VALUE', eventTimestampMicros };
  return { column, value, status: 'PRESENT', eventTimestampMicros };
}
