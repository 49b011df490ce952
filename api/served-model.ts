import { PipelineError } from '../domain/errors.ts';
import type { WrappedArtifact } from '../domain/model/wrapped-artifact.ts';
import type { ModelSession } from '../ports/model-graph.ts';
import type { Ports } from '../ports/ports.ts';
import { planPredictions, type PredictionPlan } from './prediction-plan.ts';

/** A model as it is served: what it is, and the graph that predicts. */
export interface ServedModel {
  readonly artifact: WrappedArtifact;
  readonly plan: PredictionPlan;
  readonly session: ModelSession;
  readonly modelId: string;
  readonly runId: string;
  /** Registered name and version; null for a model that was addressed past the registry. */
  readonly name: string | null;
  readonly version: string | null;
}

export type ModelLoader = Pick<Ports, 'tracker' | 'modelPackager' | 'modelGraphs' | 'transformRunner'>;

/** Loads the model behind `models:/<name>@<alias>`, `models:/<name>/<version>` or `runs:/<run id>/model`. INVALID_DATA when its graph and its description contradict each other. */
export async function loadServedModel({ tracker, modelPackager, modelGraphs, transformRunner }: ModelLoader, uri: string): Promise<ServedModel> {
  const { folder, name, version } = await tracker.modelFolder(uri);
  const { artifact, modelId, runId, onnxFile } = await modelPackager.read(folder);
  const plan = planPredictions(artifact, (view) => transformRunner.load(view));
  const session = await modelGraphs.openModel(onnxFile);
  const contradiction = contradictionOf(artifact, session);
  if (contradiction !== undefined) {
    await session.close();
    throw new PipelineError('INVALID_DATA', `The model ${modelId} cannot be served: ${contradiction}. Train it anew.`);
  }
  return { artifact, plan, session, modelId, runId, name: name ?? null, version: version ?? null };
}

function contradictionOf({ inputs, classes }: WrappedArtifact, session: ModelSession): string | undefined {
  const described = inputs.map(({ name, type }) => `${name} (${type})`).join(', ');
  const taken = session.inputs.map(({ name, type }) => `${name} (${type})`).join(', ');
  if (described !== taken) return `it is described with the inputs ${described}, and its graph takes ${taken}`;
  if (classes.join('\n') !== session.classes.join('\n')) return `it is described with the classes ${classes.join(', ')}, and its graph has ${session.classes.join(', ')}`;
  return undefined;
}
