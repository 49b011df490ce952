import { PipelineError, refuseProblems } from '../../domain/errors.ts';
import type { ExperimentTracker, TrackedDataset } from '../../ports/experiment-tracker.ts';
import { NOT_FINITE_TAG, checkArtifactPath, checkBatch, checkDataset, notFiniteNote } from '../mlflow/checks.ts';
import { isThere } from '../mlflow/store.ts';
import { artifactPlace } from './artifact-place.ts';
import { batchJson, toBatches } from './batches.ts';
import type { BatchJson } from './batches.ts';
import { liveRun, trackedRun } from './runs.ts';
import type { Server } from './server.ts';

/** Params, metric points and tags, in as many calls as MLflow's limits ask for. All is checked before the first. */
export async function logBatch(server: Server, runId: string, batch: Parameters<ExperimentTracker['logBatch']>[1]): Promise<void> {
  const { params = {}, metrics = [], tags = {} } = batch;
  const { params: logged, tags: before } = trackedRun(await liveRun(server, runId));
  refuseProblems('INVALID_INPUT', `Nothing was logged to run ${runId}.`, checkBatch(batch));
  checkParams(runId, params, logged);
  const notFinite = metrics.filter((point) => !Number.isFinite(point.value));
  const note = notFinite.length === 0 ? undefined : notFiniteNote(before[NOT_FINITE_TAG] ?? '', notFinite);
  try {
    await sendBatches(server, runId, batchJson({ params, metrics, tags: { ...tags, ...(note === undefined ? {} : { [NOT_FINITE_TAG]: note }) } }));
  } catch (error) {
    // The server does not say CONFLICT where another process logged the param meanwhile.
    if (error instanceof PipelineError && error.code === 'INVALID_INPUT') checkParams(runId, params, trackedRun(await liveRun(server, runId)).params);
    throw error;
  }
}

/** Sends entries that were checked. Each call may be repeated: params, points and tags that are there already stay as they are. */
export async function sendBatches(server: Server, runId: string, entries: BatchJson): Promise<void> {
  for (const batch of toBatches(entries)) await server.call({ what: `run ${runId}`, path: 'mlflow/runs/log-batch', body: { run_id: runId, ...batch } });
}

/** The data set in the experiment, and that the run had it as input, in the given context. */
export async function logDataset(server: Server, runId: string, dataset: TrackedDataset): Promise<void> {
  await liveRun(server, runId);
  refuseProblems('INVALID_INPUT', `The data set was not logged to run ${runId}.`, checkDataset(dataset));
  const { name, digest, sourceType: source_type, source, schema, profile, context } = dataset;
  const datasets = [{ dataset: { name, digest, source_type, source, schema, profile }, tags: [{ key: 'mlflow.data.context', value: context }] }];
  await server.call({ what: `data set ${name} of run ${runId}`, path: 'mlflow/runs/log-inputs', body: { run_id: runId, datasets } });
}

/** Sends the file to the run's artifacts; again: replaces it. */
export async function logArtifact(server: Server, runId: string, path: string, localFile: string): Promise<void> {
  checkArtifactPath(path);
  const { info } = await liveRun(server, runId);
  if (!(await isThere(localFile))) throw new PipelineError('NOT_FOUND', `There is no file ${localFile} to log as artifact ${path} of run ${runId}.`);
  await artifactPlace(server, info.artifact_uri).put(path, localFile);
}

/** Params are write-once. */
function checkParams(runId: string, params: Readonly<Record<string, string>>, logged: Readonly<Record<string, string>>): void {
  const changed = Object.entries(params).filter(([key, value]) => (logged[key] ?? value) !== value);
  refuseProblems('CONFLICT', `A logged param cannot be changed (run ${runId}).`, changed.map(([key, value]) => ({ path: `param ${key}`, message: `It was logged as ${JSON.stringify(logged[key])} and cannot become ${JSON.stringify(value)}.` })));
}
