import type { FeatureSelection } from '../domain/features/snapshot.ts';
import type { FeatureValue } from '../domain/features/value-types.ts';
import type { InputColumn } from '../domain/model/preprocessor.ts';
import type { WrappedArtifact } from '../domain/model/wrapped-artifact.ts';
import type { Shape } from '../domain/validation/shape.ts';
import type { OnlineReadRequest } from '../ports/online-store.ts';
import type { OnlineFeature } from './online-features.ts';
import { requestShape, type PredictInstance, type PredictRequest } from './predict-request.ts';

/** All that a model's requests have in common, worked out once when the model is loaded. */
export interface PredictionPlan {
  readonly request: Shape<PredictRequest>;
  /** One read per feature view; the entity keys come from the request. */
  readonly reads: readonly PlannedRead[];
  /** The features in the selection's column order. */
  readonly features: readonly PlannedFeature[];
  /** The graph's inputs in its order. */
  readonly inputs: readonly PlannedInput[];
}

export type PlannedRead = Omit<OnlineReadRequest, 'entityKeys'>;

export interface PlannedFeature {
  readonly column: string;
  readonly ttlSeconds: number | null;
  /** Where the answer of the online store has it: index of the read, and of the feature in it. */
  readonly read: number;
  readonly place: number;
}

export interface PlannedInput {
  readonly name: string;
  readonly type: InputColumn['type'];
  valueOf(instance: PredictInstance, features: readonly OnlineFeature[]): FeatureValue;
}

const NO_FEATURES: FeatureSelection = { views: [], columns: [] };

export function planPredictions(artifact: WrappedArtifact): PredictionPlan {
  const selection = artifact.features ?? NO_FEATURES;
  const reads = selection.views.map((view) => ({ view, features: selection.columns.filter((column) => column.view === view.name).map(({ feature }) => feature) }));
  const features = selection.columns.map(({ column, view, feature }): PlannedFeature => {
    const read = reads.findIndex((candidate) => candidate.view.name === view);
    return { column, read, place: reads[read]?.features.indexOf(feature) ?? -1, ttlSeconds: reads[read]?.view.ttlSeconds ?? null };
  });
  return { request: requestShape(artifact), reads, features, inputs: artifact.inputs.map((input) => planInput(input, features)) };
}

function planInput({ name, type, origin }: InputColumn, planned: readonly PlannedFeature[]): PlannedInput {
  if (origin === 'entity') return { name, type, valueOf: ({ entities }) => entities[name] ?? null };
  if (origin === 'request') return { name, type, valueOf: ({ request }) => request[name] ?? null };
  const place = planned.findIndex(({ column }) => column === name);
  return { name, type, valueOf: (_, features) => features[place]?.value ?? null };
}
