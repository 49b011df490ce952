import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { PipelineError, refuseProblems } from '../../domain/errors.ts';
import type { ExperimentTracker, MetricPoint, RunStatus, TrackedRun } from '../../ports/experiment-tracker.ts';
import { checkEntries, checkName, checkRunId } from './checks.ts';
import { checkExperiment, experimentIds, findExperiment } from './experiments.ts';
import { keysIn, readKeyFiles } from './key-files.ts';
import { formatYaml, metaNumber, metaText, readMeta, readTextIfThere, withMetaField } from './meta-yaml.ts';
import type { Meta } from './meta-yaml.ts';
import { latestPoint, metricLine, parseMetricFile } from './metric-files.ts';
import { foldersIn, isThere } from './store.ts';
import type { Store } from './store.ts';

/** Tag that holds the key a run was made under. */
export const KEY_TAG = 'ml_pipeline.key';

/** MLflow's numbers; SCHEDULED counts as running. */
const STATUS_NUMBERS = { RUNNING: 1, FINISHED: 3, FAILED: 4, KILLED: 5 } as const satisfies Record<RunStatus, number>;

/** Folders of an experiment that are no runs. */
const NOT_RUNS = new Set(['tags', 'datasets', 'traces', 'models']);

type RunRequest = Parameters<ExperimentTracker['ensureRun']>[0];

/** The run made under the key, made when missing. Its id follows from the key, so that a repeat finds it by one look. */
export async function ensureRun(store: Store, request: RunRequest): Promise<TrackedRun> {
  await checkExperiment(store, request.experimentId);
  checkName('run name', request.name, /^$/, 'a name that is not empty');
  const tags = { ...defaultTags(request.name), ...request.tags, 'mlflow.runName': request.name, [KEY_TAG]: request.key };
  refuseProblems('INVALID_INPUT', 'The run cannot be made.', checkEntries('tag', Object.entries(tags)));
  const runId = createHash('sha256').update(`run ${request.key}`).digest('hex').slice(0, 32);
  const folder = (await findFolder(store, runId)) ?? join(store.root, request.experimentId, runId);
  await store.createFolder(folder, (draft) => fillRunFolder(draft, folder, runId, request, tags));
  return readRun(await liveRunFolder(store, runId));
}

/** The run's folder. NOT_FOUND when there is none, CONFLICT when it was deleted in MLflow. */
export async function liveRunFolder(store: Store, runId: string): Promise<string> {
  checkRunId(runId);
  const folder = await findFolder(store, runId);
  if (folder === undefined) throw new PipelineError('NOT_FOUND', `There is no run ${runId} in ${store.root}. List them with: ml-pipeline runs list`);
  if (isDeleted(await metaOf(folder))) throw new PipelineError('CONFLICT', `The run ${runId} was deleted in MLflow. Restore it there (runs restore), or start anew.`);
  return folder;
}

export async function readRun(folder: string): Promise<TrackedRun> {
  const meta = await metaOf(folder);
  const tags = await readKeyFiles(join(folder, 'tags'));
  return {
    runId: folder.slice(dirname(folder).length + 1),
    experimentId: metaText(meta, 'experiment_id'),
    name: tags['mlflow.runName'] ?? metaText(meta, 'run_name'),
    status: readStatus(meta),
    startMillis: metaNumber(meta, 'start_time') ?? 0,
    endMillis: metaNumber(meta, 'end_time'),
    params: await readKeyFiles(join(folder, 'params')),
    metrics: await latestMetrics(join(folder, 'metrics')),
    tags,
  };
}

/** Sets status and end. The same status again keeps the first end. */
export async function finishRun(store: Store, runId: string, status: Exclude<RunStatus, 'RUNNING'>, endMillis: number): Promise<void> {
  const path = join(await liveRunFolder(store, runId), 'meta.yaml');
  await store.locked(async () => {
    const meta = await metaOf(dirname(path));
    if (readStatus(meta) === status && metaNumber(meta, 'end_time') !== undefined) return;
    const text = await readFile(path, 'utf8');
    await store.replaceFile(path, withMetaField(withMetaField(text, 'status', STATUS_NUMBERS[status]), 'end_time', endMillis));
  });
}

/** Newest first; deleted ones are left out. Only the runs returned are read in full. */
export async function listRuns(store: Store, filter: { readonly experiment?: string; readonly limit: number }): Promise<TrackedRun[]> {
  const experiment = filter.experiment === undefined ? undefined : await findExperiment(store, filter.experiment);
  const ids = filter.experiment === undefined ? await experimentIds(store) : experiment === undefined ? [] : [experiment];
  const found: { readonly folder: string; readonly start: number }[] = [];
  for (const folder of await runFolders(store, ids)) {
    const meta = await readMeta(join(folder, 'meta.yaml'));
    if (meta !== undefined && !isDeleted(meta)) found.push({ folder, start: metaNumber(meta, 'start_time') ?? 0 });
  }
  found.sort((a, b) => b.start - a.start || (a.folder < b.folder ? -1 : 1));
  return Promise.all(found.slice(0, filter.limit).map(({ folder }) => readRun(folder)));
}

/** The points of a metric by time, then step, then value, each once: Python logs a point again when it links it to a model. None when the run has no such metric. */
export async function metricHistory(store: Store, runId: string, key: string): Promise<MetricPoint[]> {
  refuseProblems('INVALID_INPUT', 'The metric cannot be read.', checkEntries('metric', [[key, undefined]]));
  const path = join(await liveRunFolder(store, runId), 'metrics', key);
  const text = await readTextIfThere(path);
  const points = text === undefined ? [] : [...new Map(parseMetricFile(text, key, path).map((point) => [metricLine(point), point])).values()];
  return points.sort((a, b) => a.timestampMillis - b.timestampMillis || a.step - b.step || a.value - b.value);
}

async function runFolders(store: Store, experiments: readonly string[]): Promise<string[]> {
  const perExperiment = experiments.map(async (id) => (await foldersIn(join(store.root, id))).filter((name) => !NOT_RUNS.has(name)).map((name) => join(store.root, id, name)));
  return (await Promise.all(perExperiment)).flat();
}

async function findFolder(store: Store, runId: string): Promise<string | undefined> {
  for (const experiment of await experimentIds(store)) {
    const folder = join(store.root, experiment, runId);
    if (await isThere(join(folder, 'meta.yaml'))) return folder;
  }
  return undefined;
}

async function metaOf(folder: string): Promise<Meta> {
  const path = join(folder, 'meta.yaml');
  const meta = await readMeta(path);
  if (meta === undefined) throw new PipelineError('INVALID_DATA', `${path} is missing: MLflow would not list this run.`);
  return meta;
}

function isDeleted(meta: Meta): boolean {
  return metaText(meta, 'lifecycle_stage') === 'deleted';
}

function readStatus(meta: Meta): RunStatus {
  const number = metaNumber(meta, 'status');
  const found = Object.entries(STATUS_NUMBERS).find(([, value]) => value === number);
  return found === undefined ? 'RUNNING' : (found[0] as RunStatus);
}

async function latestMetrics(folder: string): Promise<Record<string, number>> {
  const metrics: Record<string, number> = {};
  for (const key of await keysIn(folder)) {
    const path = join(folder, key);
    const latest = latestPoint(parseMetricFile(await readFile(path, 'utf8'), key, path));
    if (latest !== undefined) metrics[key] = latest.value;
  }
  return metrics;
}

async function fillRunFolder(draft: string, final: string, runId: string, request: RunRequest, tags: Readonly<Record<string, string>>): Promise<void> {
  // MLflow does not list a run without these three, even when they are empty.
  for (const name of ['metrics', 'params', 'artifacts', 'tags']) await mkdir(join(draft, name));
  await writeKeyFiles(join(draft, 'tags'), tags);
  const meta = {
    artifact_uri: pathToFileURL(join(final, 'artifacts')).href,
    end_time: null,
    entry_point_name: '',
    experiment_id: request.experimentId,
    lifecycle_stage: 'active',
    run_id: runId,
    run_name: request.name,
    source_name: '',
    source_type: 4, // LOCAL
    source_version: '',
    start_time: request.startMillis,
    status: STATUS_NUMBERS.RUNNING,
    tags: [],
    user_id: tags['mlflow.user'],
  };
  await writeFile(join(draft, 'meta.yaml'), formatYaml(meta));
}

/** Writes key files into a folder that nobody reads yet. */
export async function writeKeyFiles(folder: string, values: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [key, value] of Object.entries(values)) {
    await mkdir(dirname(join(folder, key)), { recursive: true });
    await writeFile(join(folder, key), value);
  }
}

/** Tags that MLflow's UI shows for every run, unless the caller gives them. */
export function defaultTags(runName: string): Record<string, string> {
  return { 'mlflow.runName': runName, 'mlflow.user': userName(), 'mlflow.source.name': 'ml-pipeline', 'mlflow.source.type': 'LOCAL' };
}

/** Who runs this process, as MLflow's UI shows under "created by". */
export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'unknown'; // a container may run under a number that has no name
  }
}
