import type { OnDemandSnapshot, RowTransform } from '../domain/features/on-demand.ts';
import { requestColumns } from '../domain/features/on-demand-rows.ts';
import { planOnlineRead, type OnlinePlan } from '../domain/features/online-plan.ts';
import type { FeatureSelection } from '../domain/features/snapshot.ts';
import type { FeatureValue } from '../domain/features/value-types.ts';
import type { InputColumn } from '../domain/model/preprocessor.ts';
import type { WrappedArtifact } from '../domain/model/wrapped-artifact.ts';
import type { Shape } from '../domain/validation/shape.ts';
import type { OnlineFeature } from './online-features.ts';
import { requestShape, type PredictInstance, type PredictRequest } from './predict-request.ts';

/** All that a model's requests have in common, worked out once when the model is loaded. */
export interface PredictionPlan {
  readonly request: Shape<PredictRequest>;
  readonly online: OnlinePlan;
  /** The graph's inputs in its order. */
  readonly inputs: readonly PlannedInput[];
}

export interface PlannedInput {
  readonly name: string;
  readonly type: InputColumn['type'];
  valueOf(instance: PredictInstance, features: readonly OnlineFeature[]): FeatureValue;
}

const NO_FEATURES: FeatureSelection = { views: [], columns: [] };

/** `load`: gives the function of a bundle. */
export function planPredictions(artifact: WrappedArtifact, load: (view: OnDemandSnapshot) => RowTransform): PredictionPlan {
  const selection = artifact.features ?? NO_FEATURES;
  const online = planOnlineRead(selection, load);
  return { request: requestShape(artifact, requestColumns(selection)), online, inputs: artifact.inputs.map((input) => planInput(input, online.columns)) };
}

/** `columns`: of the features, in the order in which they are given to `valueOf`. */
function planInput({ name, type, origin }: InputColumn, columns: readonly string[]): PlannedInput {
  if (origin === 'entity') return { name, type, valueOf: ({ entities }) => entities[name] ?? null };
  if (origin === 'request') return { name, type, valueOf: ({ request }) => request[name] ?? null };
  const place = columns.indexOf(name);
  return { name, type, valueOf: (_, features) => features[place]?.value ?? null };
}
