import { argumentsOf, onDemandFunction, type OnDemandFunction, type RowTransform, type OnDemandSnapshot } from '../domain/features/on-demand.ts';
import { requestColumns } from '../domain/features/on-demand-rows.ts';
import { keyColumn, selectedName, type FeatureSelection } from '../domain/features/snapshot.ts';
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
  /** The stored features in the selection's column order. */
  readonly features: readonly PlannedFeature[];
  /** On-demand feature views, computed behind those. */
  readonly onDemand: readonly PlannedOnDemand[];
  /** The graph's inputs in its order. */
  readonly inputs: readonly PlannedInput[];
}

export interface PlannedRead extends Omit<OnlineReadRequest, 'entityKeys'> {
  /** The request's entities that hold the view's join keys, in the view's order. */
  readonly keyColumns: readonly string[];
}

export interface PlannedFeature {
  readonly column: string;
  /** Read for an on-demand feature alone: the answer does not tell it. */
  readonly onlyInput: boolean;
  readonly ttlSeconds: number | null;
  /** Where the answer of the online store has it: index of the read, and of the feature in it. */
  readonly read: number;
  readonly place: number;
}

export interface PlannedOnDemand {
  readonly columns: readonly string[];
  readonly compute: OnDemandFunction;
  /** The arguments in order: a place among the stored features, a request column, or the as-of instant. */
  readonly arguments: readonly (number | string | typeof AS_OF)[];
}

export const AS_OF = Symbol('as of');

export interface PlannedInput {
  readonly name: string;
  readonly type: InputColumn['type'];
  valueOf(instance: PredictInstance, features: readonly OnlineFeature[]): FeatureValue;
}

const NO_FEATURES: FeatureSelection = { views: [], columns: [] };

/** `load`: gives the function of a bundle. */
export function planPredictions(artifact: WrappedArtifact, load: (view: OnDemandSnapshot) => RowTransform): PredictionPlan {
  const selection = artifact.features ?? NO_FEATURES;
  const reads = selection.views.map((view): PlannedRead => ({
    view,
    features: selection.columns.filter((column) => column.view === selectedName(view)).map(({ feature }) => feature),
    keyColumns: view.joinKeys.map(({ name }) => keyColumn(view, name)),
  }));
  const features = selection.columns.map(({ column, view, feature, onlyInput = false }): PlannedFeature => {
    const read = reads.findIndex((candidate) => selectedName(candidate.view) === view);
    return { column, onlyInput, read, place: reads[read]?.features.indexOf(feature) ?? -1, ttlSeconds: reads[read]?.view.ttlSeconds ?? null };
  });
  const onDemand = (selection.onDemand ?? []).map((view) => planOnDemand(view, features, load(view)));
  const columns = [...features.map(({ column }) => column), ...onDemand.flatMap((view) => view.columns)];
  return { request: requestShape(artifact, requestColumns(selection)), reads, features, onDemand, inputs: artifact.inputs.map((input) => planInput(input, columns)) };
}

function planOnDemand(view: OnDemandSnapshot, features: readonly PlannedFeature[], transform: RowTransform): PlannedOnDemand {
  const sources = [...view.inputs.map(({ column }) => features.findIndex((feature) => feature.column === column)), ...view.request.map(({ name }) => name), ...(view.asOf ? [AS_OF as typeof AS_OF] : [])];
  return { columns: view.outputs.map(({ column }) => column), compute: onDemandFunction(view, transform), arguments: argumentsOf(view).map((_, index) => sources[index]!) };
}

/** `columns`: of the features, in the order in which they are given to `valueOf`. */
function planInput({ name, type, origin }: InputColumn, columns: readonly string[]): PlannedInput {
  if (origin === 'entity') return { name, type, valueOf: ({ entities }) => entities[name] ?? null };
  if (origin === 'request') return { name, type, valueOf: ({ request }) => request[name] ?? null };
  const place = columns.indexOf(name);
  return { name, type, valueOf: (_, features) => features[place]?.value ?? null };
}
