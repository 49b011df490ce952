import type { WrappedArtifact } from '../domain/model/wrapped-artifact.ts';
import type { ModelSession } from '../ports/model-graph.ts';
import type { Ports } from '../ports/ports.ts';

/** A model as it is served: what it is, and the graph that predicts. */
export interface ServedModel {
  readonly artifact: WrappedArtifact;
  readonly session: ModelSession;
  readonly modelId: string;
  readonly runId: string;
  /** Registered name and version; null for a model that was addressed past the registry. */
  readonly name: string | null;
  readonly version: string | null;
}

export type ModelLoader = Pick<Ports, 'tracker' | 'modelPackager' | 'modelGraphs'>;

/** Loads the model behind `models:/<name>@<alias>`, `models:/<name>/<version>` or `runs:/<run id>/model`. */
export async function loadServedModel({ tracker, modelPackager, modelGraphs }: ModelLoader, uri: string): Promise<ServedModel> {
  const { folder, name, version } = await tracker.modelFolder(uri);
  const { artifact, modelId, runId, onnxFile } = await modelPackager.read(folder);
  return { artifact, session: await modelGraphs.openModel(onnxFile), modelId, runId, name: name ?? null, version: version ?? null };
}
