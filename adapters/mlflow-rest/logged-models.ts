import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PipelineError, refuseProblems } from '../../domain/errors.ts';
import type { LoggedModelRequest } from '../../ports/experiment-tracker.ts';
import { checkEntries, checkLoggedModelName } from '../mlflow/checks.ts';
import { defaultTags } from '../mlflow/runs.ts';
import { isThere } from '../mlflow/store.ts';
import { artifactPlace } from './artifact-place.ts';
import { entriesJson, metricJson, recordOf } from './batches.ts';
import { CONTENT_TAG, putFolder } from './model-files.ts';
import { allPages, pageToken } from './pages.ts';
import { sendBatches } from './run-logging.ts';
import { liveRun } from './runs.ts';
import type { RunJson } from './runs.ts';
import type { Server } from './server.ts';
import { removeSurplus } from './tolerate.ts';

/** Params that the call which makes a model takes. */
const PARAMS_AT_ONCE = 100;

interface ModelJson {
  readonly info: { readonly model_id: string; readonly experiment_id: string; readonly name: string; readonly artifact_uri: string; readonly status: string; readonly source_run_id?: string; readonly creation_timestamp_ms?: number; readonly tags?: { key: string; value?: string }[] };
}

/** A model whose files are all there. */
export interface ReadyModel {
  readonly modelId: string;
  readonly runId: string;
  readonly artifactUri: string;
  /** Hash of its files (`contentHash`), where we logged it. */
  readonly content: string | undefined;
}

/** The logged model of that run and name, made when missing. A repeat completes what a killed process left undone; its unfinished model stays pending, which nothing reads. */
export async function ensureLoggedModel(server: Server, request: LoggedModelRequest): Promise<{ readonly modelId: string; readonly artifactUri: string }> {
  const run = await liveRun(server, request.runId);
  checkRequest(request, run);
  const model = (await readyModelsOfRun(server, run, request.name))[0] ?? (await makeModel(server, run, request));
  await linkToRun(server, run, model.modelId);
  await logModelMetrics(server, request, model.modelId);
  return { modelId: model.modelId, artifactUri: model.artifactUri };
}

/** NOT_FOUND where there is none of that id, or its files are not all there. */
export async function readyModel(server: Server, modelId: string): Promise<ReadyModel> {
  const { model } = await server.call<{ model: ModelJson }>({ what: `logged model ${modelId}`, path: `mlflow/logged-models/${encodeURIComponent(modelId)}` });
  if (model.info.status !== 'LOGGED_MODEL_READY') throw new PipelineError('NOT_FOUND', `The logged model ${modelId} on ${server.uri} is not complete (${model.info.status}): whoever logged it was stopped, or is still at work.`);
  return toReady(model);
}

/** Complete models of that run and name, the first made first. */
export async function readyModelsOfRun(server: Server, { info }: RunJson, name: string): Promise<ReadyModel[]> {
  const filter = `source_run_id = '${info.run_id}'`; // the SQL store has numbers for the status, which no filter matches
  const models = await allPages<ModelJson>(async (token) => {
    const body = { experiment_ids: [info.experiment_id], filter, max_results: 50, order_by: [{ field_name: 'creation_time', ascending: true }], ...pageToken(token) };
    const { models: items, next_page_token: next } = await server.call<{ models?: ModelJson[]; next_page_token?: string }>({ what: `models of run ${info.run_id}`, path: 'mlflow/logged-models/search', body });
    return { items, next };
  });
  return models.filter((model) => model.info.name === name && model.info.status === 'LOGGED_MODEL_READY').map(toReady);
}

async function makeModel(server: Server, run: RunJson, request: LoggedModelRequest): Promise<ReadyModel> {
  const { 'mlflow.runName': _runName, ...common } = defaultTags('');
  const params = entriesJson(request.params);
  const body = { experiment_id: request.experimentId, name: request.name, source_run_id: request.runId, params: params.slice(0, PARAMS_AT_ONCE), tags: entriesJson({ ...common, ...request.tags }) };
  const { model } = await server.call<{ model: ModelJson }>({ what: `model ${request.name} of run ${request.runId}`, path: 'mlflow/logged-models', body, repeatable: false });
  const modelId = model.info.model_id;
  try {
    for (let start = PARAMS_AT_ONCE; start < params.length; start += PARAMS_AT_ONCE) {
      await server.call({ what: `model ${modelId}`, path: `mlflow/logged-models/${modelId}/params`, body: { model_id: modelId, params: params.slice(start, start + PARAMS_AT_ONCE) }, repeatable: false });
    }
    await fillModel(server, request, model);
  } catch (error) {
    await markFailed(server, modelId);
    throw error;
  }
  return onlyOne(server, run, request.name, modelId);
}

async function fillModel(server: Server, request: LoggedModelRequest, { info: { model_id: modelId, artifact_uri: artifactUri } }: ModelJson): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'ml-pipeline-model-'));
  try {
    await request.writeFiles(folder, { modelId, artifactUri });
    if (!(await isThere(join(folder, 'MLmodel')))) throw new PipelineError('INVALID_DATA', `The model ${request.name} of run ${request.runId} has no file MLmodel; nothing was logged.`);
    const content = await putFolder(artifactPlace(server, artifactUri), folder);
    await server.call({ what: `model ${modelId}`, path: `mlflow/logged-models/${modelId}/tags`, method: 'PATCH', body: { model_id: modelId, tags: entriesJson({ [CONTENT_TAG]: content }) } });
    await setStatus(server, modelId, 'LOGGED_MODEL_READY');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Of two processes that made the model at the same moment, the one that made the later one deletes it. */
async function onlyOne(server: Server, run: RunJson, name: string, made: string): Promise<ReadyModel> {
  const first = (await readyModelsOfRun(server, run, name))[0];
  if (first === undefined || first.modelId === made) return readyModel(server, made);
  await removeSurplus(server.call({ what: `model ${made}, made twice`, path: `mlflow/logged-models/${made}`, method: 'DELETE' }));
  return first;
}

/** MLflow's page of the run then shows the model. The call would add it a second time. */
async function linkToRun(server: Server, run: RunJson, modelId: string): Promise<void> {
  if (run.outputs?.model_outputs?.some((output) => output.model_id === modelId) === true) return;
  const runId = run.info.run_id;
  await server.call({ what: `model ${modelId} of run ${runId}`, path: 'mlflow/runs/outputs', body: { run_id: runId, models: [{ model_id: modelId, step: 0 }] }, repeatable: false });
}

async function logModelMetrics(server: Server, request: LoggedModelRequest, modelId: string): Promise<void> {
  const metrics = request.metrics.filter((point) => Number.isFinite(point.value)).map((point) => {
    const dataset = point.dataset === undefined ? {} : { dataset_name: point.dataset.name, dataset_digest: point.dataset.digest };
    return { ...metricJson(point), model_id: modelId, ...dataset };
  });
  await sendBatches(server, request.runId, { params: [], metrics, tags: [] });
}

async function setStatus(server: Server, modelId: string, status: 'LOGGED_MODEL_READY' | 'LOGGED_MODEL_UPLOAD_FAILED'): Promise<void> {
  await server.call({ what: `model ${modelId}`, path: `mlflow/logged-models/${modelId}`, method: 'PATCH', body: { model_id: modelId, status } });
}

/** So that MLflow's pages say why it has no files. What went wrong before is told to the caller, whether this succeeds or not. */
async function markFailed(server: Server, modelId: string): Promise<void> {
  await setStatus(server, modelId, 'LOGGED_MODEL_UPLOAD_FAILED').catch(() => undefined);
}

function checkRequest(request: LoggedModelRequest, run: RunJson): void {
  checkLoggedModelName(request.name);
  if (run.info.experiment_id !== request.experimentId) throw new PipelineError('INVALID_INPUT', `The run ${request.runId} is not one of experiment ${request.experimentId}. Log its models to its own experiment.`);
  refuseProblems('INVALID_INPUT', `The model ${request.name} of run ${request.runId} was not logged.`, [
    ...checkEntries('param', Object.entries(request.params)),
    ...checkEntries('tag', Object.entries(request.tags)),
    ...checkEntries('metric', request.metrics.map((point) => [point.key, undefined])),
  ]);
}

function toReady({ info }: ModelJson): ReadyModel {
  return { modelId: info.model_id, runId: info.source_run_id ?? '', artifactUri: info.artifact_uri, content: recordOf(info.tags)[CONTENT_TAG] };
}
