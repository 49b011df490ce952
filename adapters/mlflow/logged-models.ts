import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { PipelineError, refuseProblems } from '../../domain/errors.ts';
import type { LoggedModelRequest } from '../../ports/experiment-tracker.ts';
import { checkEntries, checkLoggedModelName } from './checks.ts';
import { experimentIds } from './experiments.ts';
import { formatYaml, metaNumber, metaReference, metaText, readMeta } from './meta-yaml.ts';
import { addMetricPoints, metricLine } from './metric-files.ts';
import { defaultTags, liveRunFolder, writeKeyFiles } from './runs.ts';
import { foldersIn, isThere } from './store.ts';
import type { Store } from './store.ts';

export interface LoggedModel {
  readonly modelId: string;
  readonly runId: string;
  readonly name: string;
  /** The folder with MLmodel. */
  readonly artifacts: string;
  /** The LoggedModel's own folder: meta.yaml, tags, params, metrics, artifacts. */
  readonly folder: string;
  readonly createdMillis: number;
}

/** The logged model of that run and name, made when missing. Its id follows from both. A repeat completes what a killed process left undone. */
export async function ensureLoggedModel(store: Store, request: LoggedModelRequest): Promise<{ readonly modelId: string; readonly artifactUri: string }> {
  const run = await liveRunFolder(store, request.runId);
  await checkRequest(request, dirname(run));
  const modelId = `m-${createHash('sha256').update(`model ${request.runId} ${request.name}`).digest('hex').slice(0, 32)}`;
  const folder = join(dirname(run), 'models', modelId);
  const artifactUri = pathToFileURL(join(folder, 'artifacts')).href;
  await store.createFolder(folder, (draft) => fillModelFolder(draft, request, modelId, artifactUri));
  await store.createFolder(join(run, 'outputs', modelId), (draft) =>
    writeFile(join(draft, 'meta.yaml'), formatYaml({ destination_id: modelId, destination_type: 'MODEL_OUTPUT', source_id: modelId, source_type: 'RUN_OUTPUT', step: 0, tags: {} })));
  // A metric of a model is one of its run, too: so it is over REST.
  await store.locked(() => addMetricPoints(store, join(run, 'metrics'), request.metrics.filter((point) => Number.isFinite(point.value))));
  return { modelId, artifactUri };
}

export async function findLoggedModel(store: Store, modelId: string): Promise<LoggedModel | undefined> {
  if (!/^[\w-]+$/.test(modelId)) return undefined;
  for (const experiment of await experimentIds(store)) {
    const found = await readLoggedModel(join(store.root, experiment, 'models', modelId));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The newest logged model of that run and name. */
export async function findModelOfRun(runFolder: string, name: string): Promise<LoggedModel | undefined> {
  const models = join(dirname(runFolder), 'models');
  const runId = runFolder.slice(dirname(runFolder).length + 1);
  // What a run logged is among its outputs; where nothing is, every model of the experiment is looked at.
  const outputs = await foldersIn(join(runFolder, 'outputs'));
  const found: LoggedModel[] = [];
  for (const id of outputs.length > 0 ? outputs : await foldersIn(models)) {
    const model = await readLoggedModel(join(models, id));
    if (model?.runId === runId && model.name === name) found.push(model);
  }
  return found.sort((a, b) => b.createdMillis - a.createdMillis)[0];
}

async function readLoggedModel(folder: string): Promise<LoggedModel | undefined> {
  const meta = await readMeta(join(folder, 'meta.yaml'));
  if (meta === undefined || metaText(meta, 'lifecycle_stage') === 'deleted') return undefined;
  const modelId = folder.slice(dirname(folder).length + 1);
  return { modelId, runId: metaReference(meta, 'source_run_id'), name: metaText(meta, 'name'), artifacts: join(folder, 'artifacts'), folder, createdMillis: metaNumber(meta, 'creation_timestamp') ?? 0 };
}

async function checkRequest(request: LoggedModelRequest, experimentFolder: string): Promise<void> {
  checkLoggedModelName(request.name);
  if (!experimentFolder.endsWith(`/${request.experimentId}`)) {
    throw new PipelineError('INVALID_INPUT', `The run ${request.runId} is not one of experiment ${request.experimentId}. Log its models to its own experiment.`);
  }
  refuseProblems('INVALID_INPUT', `The model ${request.name} of run ${request.runId} was not logged.`, [
    ...checkEntries('param', Object.entries(request.params)),
    ...checkEntries('tag', Object.entries(request.tags)),
    ...checkEntries('metric', request.metrics.map((point) => [point.key, undefined])),
  ]);
}

async function fillModelFolder(draft: string, request: LoggedModelRequest, modelId: string, artifactUri: string): Promise<void> {
  const now = Date.now();
  const { 'mlflow.runName': _runName, ...common } = defaultTags('');
  await writeKeyFiles(join(draft, 'params'), request.params);
  await writeKeyFiles(join(draft, 'tags'), { ...common, ...request.tags });
  await writeKeyFiles(join(draft, 'metrics'), modelMetricFiles(request));
  await mkdir(join(draft, 'artifacts'));
  await request.writeFiles(join(draft, 'artifacts'), { modelId, artifactUri });
  if (!(await isThere(join(draft, 'artifacts', 'MLmodel')))) throw new PipelineError('INVALID_DATA', `The model ${request.name} of run ${request.runId} has no file MLmodel; nothing was logged.`);
  const meta = {
    artifact_location: artifactUri,
    creation_timestamp: now,
    experiment_id: request.experimentId,
    last_updated_timestamp: now,
    lifecycle_stage: 'active',
    model_id: modelId,
    model_type: null,
    name: request.name,
    source_run_id: request.runId,
    status: 2, // READY
    status_message: null,
  };
  await writeFile(join(draft, 'meta.yaml'), formatYaml(meta));
}

/** Metric -> its lines, which end in the run, and the data set where there is one. */
function modelMetricFiles(request: LoggedModelRequest): Record<string, string> {
  const files: Record<string, string> = {};
  for (const point of request.metrics) {
    if (!Number.isFinite(point.value)) continue;
    const dataset = point.dataset === undefined ? [] : [point.dataset.name, point.dataset.digest];
    files[point.key] = (files[point.key] ?? '') + metricLine(point, [request.runId, ...dataset]);
  }
  return files;
}
