import type { Column, RecordBatch } from '../domain/data/columns.ts';
import type { FeatureValue } from '../domain/features/value-types.ts';
import { formatInstant, MICROS_PER_SECOND, type Micros } from '../domain/instant.ts';
import type { InputColumn } from '../domain/model/preprocessor.ts';
import type { OnlineStore } from '../ports/online-store.ts';
import type { Predictions } from '../ports/model-graph.ts';
import { readOnlineFeatures, type FeatureStatus, type OnlineFeature } from './online-features.ts';
import type { PredictInstance } from './predict-request.ts';
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

/** Predicts the instances as of an instant. */
export async function predict(model: ServedModel, store: OnlineStore, instances: readonly PredictInstance[], asOf: Micros): Promise<PredictAnswer> {
  const { artifact, session } = model;
  const features = artifact.features === undefined ? instances.map(() => []) : await readOnlineFeatures(store, artifact.features, instances, asOf);
  const batch: RecordBatch = { rowCount: instances.length, columns: artifact.inputs.map((input) => inputColumn(input, instances, features)) };
  const predictions = await session.predict(batch);
  return {
    model: { name: model.name, version: model.version, run_id: model.runId, model_id: model.modelId },
    as_of: formatInstant(asOf),
    predictions: instances.map((_, row) => ({ ...describePrediction(artifact.classes, predictions, row), ...describeFeatures(features[row] ?? [], asOf) })),
  };
}

function inputColumn({ name, type, origin }: InputColumn, instances: readonly PredictInstance[], features: readonly (readonly OnlineFeature[])[]): Column {
  const place = origin === 'feature' ? (features[0] ?? []).findIndex(({ column }) => column === name) : -1;
  const valueOf = (row: number): FeatureValue | undefined => (origin === 'feature' ? features[row]?.[place]?.value : origin === 'entity' ? instances[row]?.entities[name] : instances[row]?.request[name]);
  const raw = Array.from({ length: instances.length }, (_, row) => valueOf(row) ?? null);
  const nulls = Uint8Array.from(raw, (value) => (value === null ? 1 : 0));
  if (type === 'string') return { name, type: 'String', values: raw.map((value) => (value === null ? '' : String(value))), nulls };
  return { name, type: 'Float64', values: Float64Array.from(raw, (value) => (value === null ? NaN : Number(value))), nulls };
}

function describePrediction(classes: readonly string[], { predictions, probabilities }: Predictions, row: number): Pick<PredictedInstance, 'prediction' | 'probabilities'> {
  const value = predictions[row] ?? NaN;
  if (classes.length === 0) return { prediction: value };
  return { prediction: classes[value] ?? String(value), probabilities: Object.fromEntries(classes.map((label, index) => [label, probabilities[index]?.[row] ?? NaN])) };
}

function describeFeatures(features: readonly OnlineFeature[], asOf: Micros): Pick<PredictedInstance, 'features' | 'missing'> {
  const accounts = features.map(({ column, value, status, eventTimestampMicros }): [string, FeatureAccount] => {
    const age = eventTimestampMicros === undefined ? {} : { event_timestamp: formatInstant(eventTimestampMicros), age_seconds: (asOf - eventTimestampMicros) / MICROS_PER_SECOND };
    return [column, { value, status, ...age }];
  });
  return { features: Object.fromEntries(accounts), missing: features.filter(({ status }) => status !== 'PRESENT').map(({ column }) => column) };
}
