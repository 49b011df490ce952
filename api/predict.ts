import type { Column, RecordBatch } from '../domain/data/columns.ts';
import { PipelineError } from '../domain/errors.ts';
import type { FeatureValue } from '../domain/features/value-types.ts';
import { formatInstant, MICROS_PER_SECOND, type Micros } from '../domain/instant.ts';
import type { ModelSession, Predictions } from '../ports/model-graph.ts';
import type { OnlineStore } from '../ports/online-store.ts';
import { readOnlineFeatures, type FeatureStatus, type OnlineFeature } from './online-features.ts';
import type { PredictInstance } from './predict-request.ts';
import type { PlannedInput, PredictionPlan } from './prediction-plan.ts';
import type { ServedModel } from './served-model.ts';

/** The JSON body of an answer of `POST /predict`. */
export interface PredictAnswer {
  readonly model: { readonly name: string | null; readonly version: string | null; readonly run_id: string; readonly model_id: string };
  readonly as_of: string;
  readonly predictions: readonly PredictedInstance[];
}

export interface PredictedInstance {
  /** Class label or value. */
  readonly prediction: string | number;
  readonly probabilities?: Readonly<Record<string, number>>;
  readonly features: Readonly<Record<string, FeatureAccount>>;
  /** Features that were not PRESENT. */
  readonly missing: readonly string[];
}

/** What was known of a feature as of the request. */
export interface FeatureAccount {
  readonly value: FeatureValue;
  readonly status: FeatureStatus;
  readonly event_timestamp?: string;
  readonly age_seconds?: number;
}

/** Predicts the instances as of an instant. INVALID_INPUT when the model's preprocessing refuses a value (`handle_unknown: error`). */
export async function predict(model: ServedModel, store: OnlineStore, instances: readonly PredictInstance[], asOf: Micros): Promise<PredictAnswer> {
  const { artifact, plan, session } = model;
  const features = await readOnlineFeatures(store, plan.online, instances, asOf);
  const batch: RecordBatch = { rowCount: instances.length, columns: plan.inputs.map((input) => inputColumn(input, instances, features)) };
  const predictions = await run(session, batch);
  return {
    model: { name: model.name, version: model.version, run_id: model.runId, model_id: model.modelId },
    as_of: formatInstant(asOf),
    predictions: instances.map((_, row) => ({ ...describePrediction(artifact.classes, predictions, row), ...describeFeatures(shown(plan, features[row] ?? []), asOf) })),
  };
}

/** The columns fit the graph (that was checked when it was loaded), so what is refused is a value that the caller or the store gave. */
function run(session: ModelSession, batch: RecordBatch): Promise<Predictions> {
  return session.predict(batch).catch((error: unknown) => {
    if (error instanceof PipelineError && error.code === 'INVALID_DATA') throw new PipelineError('INVALID_INPUT', `The model refuses an instance: ${error.message}.`, { cause: error });
    throw error;
  });
}

/** Numbers become float32 in the session, as those of the training set did: int64 by way of float64, false and true are 0 and 1. */
function inputColumn({ name, type, valueOf }: PlannedInput, instances: readonly PredictInstance[], features: readonly (readonly OnlineFeature[])[]): Column {
  const raw = instances.map((instance, row) => valueOf(instance, features[row] ?? []));
  const nulls = Uint8Array.from(raw, (value) => (value === null ? 1 : 0));
  if (type === 'string') return { name, type: 'String', values: raw.map((value) => (value === null ? '' : String(value))), nulls };
  return { name, type: 'Float64', values: Float64Array.from(raw, (value) => (value === null ? NaN : Number(value))), nulls };
}

function describePrediction(classes: readonly string[], { predictions, probabilities }: Predictions, row: number): Pick<PredictedInstance, 'prediction' | 'probabilities'> {
  const value = predictions[row] ?? NaN;
  if (classes.length === 0) return { prediction: value };
  return { prediction: classes[value] ?? String(value), probabilities: Object.fromEntries(classes.map((label, index) => [label, probabilities[index]?.[row] ?? NaN])) };
}

/** Without those that were only read for others. */
function shown({ online }: PredictionPlan, features: readonly OnlineFeature[]): readonly OnlineFeature[] {
  return features.filter((_, index) => online.features[index]?.onlyInput !== true);
}

function describeFeatures(features: readonly OnlineFeature[], asOf: Micros): Pick<PredictedInstance, 'features' | 'missing'> {
  const accounts = features.map(({ column, value, status, eventTimestampMicros }): [string, FeatureAccount] => {
    const age = eventTimestampMicros === undefined ? {} : { event_timestamp: formatInstant(eventTimestampMicros), age_seconds: (asOf - eventTimestampMicros) / MICROS_PER_SECOND };
    return [column, { value, status, ...age }];
  });
  return { features: Object.fromEntries(accounts), missing: features.filter(({ status }) => status !== 'PRESENT').map(({ column }) => column) };
}
