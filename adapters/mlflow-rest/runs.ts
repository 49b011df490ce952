import { createHash } from 'node:crypto';
import { PipelineError, refuseProblems } from '../../domain/errors.ts';
import type { ExperimentTracker, MetricPoint, RunStatus, TrackedRun } from '../../ports/experiment-tracker.ts';
import { checkEntries, checkName, checkRunId } from '../mlflow/checks.ts';
import { KEY_TAG, defaultTags } from '../mlflow/runs.ts';
import { entriesJson, recordOf } from './batches.ts';
import { experimentIds, findExperiment } from './experiments.ts';
import { allPages, pageToken } from './pages.ts';
import type { Server } from './server.ts';
import { findOrMake, removeSurplus } from './tolerate.ts';

/** Tag with a hash of the key that a run was made under: runs are searched by it, since MLflow's filters cannot quote every text. */
const KEY_HASH_TAG = 'ml_pipeline.key_hash';
/** Runs of one page. MLflow sends each with all its params, tags and metrics. */
const PAGE = 200;
const POINTS_PER_PAGE = 10_000;

export interface RunJson {
  readonly info: { readonly run_id: string; readonly experiment_id: string; readonly run_name?: string; readonly status: string; readonly start_time?: number; readonly end_time?: number; readonly lifecycle_stage: string; readonly artifact_uri: string };
  readonly data?: { readonly params?: { key: string; value?: string }[]; readonly tags?: { key: string; value?: string }[]; readonly metrics?: { key: string; value: number | string }[] };
  readonly outputs?: { readonly model_outputs?: { readonly model_id: string }[] };
}

type RunRequest = Parameters<ExperimentTracker['ensureRun']>[0];
interface RunPage {
  readonly runs?: RunJson[];
  readonly next_page_token?: string;
}

/**
 * The run made under the key, made when missing. The server has no way to make a run once: of two processes that make it at the same moment, both find the same one at
 * the next call (the first by start, then by id), and the one that made the other deletes it.
 */
export async function ensureRun(server: Server, request: RunRequest): Promise<TrackedRun> {
  checkName('run name', request.name, /^$/, 'a name that is not empty');
  const hash = createHash('sha256').update(`run ${request.key}`).digest('hex').slice(0, 32);
  const tags = { ...defaultTags(request.name), ...request.tags, 'mlflow.runName': request.name, [KEY_TAG]: request.key, [KEY_HASH_TAG]: hash };
  refuseProblems('INVALID_INPUT', 'The run cannot be made.', checkEntries('tag', Object.entries(tags)));
  const made: string[] = [];
  const run = await findOrMake(() => findByHash(server, request.experimentId, hash), async () => made.push(await create(server, request, tags)));
  if (run === undefined) throw new PipelineError('UNAVAILABLE', `The MLflow server ${server.uri} made the run ${request.name} and does not find it. Try again.`);
  for (const runId of made) if (runId !== run.info.run_id) await removeSurplus(server.call({ what: `run ${runId}, made twice`, path: 'mlflow/runs/delete', body: { run_id: runId } }));
  return trackedRun(run);
}

/** The run as the server has it. NOT_FOUND when there is none, CONFLICT when it was deleted in MLflow. */
export async function liveRun(server: Server, runId: string): Promise<RunJson> {
  checkRunId(runId);
  const { run } = await server.call<{ run: RunJson }>({ what: `run ${runId}`, path: 'mlflow/runs/get', query: { run_id: runId } });
  if (run.info.lifecycle_stage === 'deleted') throw new PipelineError('CONFLICT', `The run ${runId} was deleted in MLflow. Restore it there (runs restore), or start anew.`);
  return run;
}

export function trackedRun({ info, data = {} }: RunJson): TrackedRun {
  const tags = recordOf(data.tags);
  return {
    runId: info.run_id,
    experimentId: info.experiment_id,
    name: tags['mlflow.runName'] ?? info.run_name ?? '',
    status: info.status === 'SCHEDULED' ? 'RUNNING' : (info.status as RunStatus),
    startMillis: Number(info.start_time ?? 0),
    endMillis: info.end_time === undefined || Number(info.end_time) === 0 ? undefined : Number(info.end_time),
    params: recordOf(data.params),
    metrics: Object.fromEntries((data.metrics ?? []).map(({ key, value }) => [key, Number(value)])),
    tags,
  };
}

/** Sets status and end. The same status again keeps the first end. */
export async function finishRun(server: Server, runId: string, status: Exclude<RunStatus, 'RUNNING'>, endMillis: number): Promise<void> {
  const run = trackedRun(await liveRun(server, runId));
  if (run.status === status && run.endMillis !== undefined) return;
  await server.call({ what: `run ${runId}`, path: 'mlflow/runs/update', body: { run_id: runId, status, end_time: endMillis } });
}

/** Newest first; deleted ones are left out. */
export async function listRuns(server: Server, filter: { readonly experiment?: string; readonly limit: number }): Promise<TrackedRun[]> {
  const named = filter.experiment === undefined ? undefined : await findExperiment(server, filter.experiment);
  const ids = filter.experiment === undefined ? await experimentIds(server) : named === undefined ? [] : [named];
  if (ids.length === 0 || filter.limit < 1) return [];
  const found = await search(server, { experiment_ids: ids, order_by: ['attributes.start_time DESC', 'attributes.run_id ASC'], max_results: Math.min(filter.limit, PAGE) }, filter.limit);
  return found.map(trackedRun);
}

/** The points of a metric by time, then step, then value. None when the run has no such metric. */
export async function metricHistory(server: Server, runId: string, key: string): Promise<MetricPoint[]> {
  refuseProblems('INVALID_INPUT', 'The metric cannot be read.', checkEntries('metric', [[key, undefined]]));
  await liveRun(server, runId);
  const points = await allPages(async (token) => {
    const query = { run_id: runId, metric_key: key, max_results: String(POINTS_PER_PAGE), ...pageToken(token) };
    const { metrics, next_page_token: next } = await server.call<{ metrics?: { value: number | string; timestamp: number; step?: number }[]; next_page_token?: string }>({ what: `metric ${key} of run ${runId}`, path: 'mlflow/metrics/get-history', query });
    return { items: metrics, next };
  });
  return points.map(({ value, timestamp, step = 0 }) => ({ key, value: Number(value), step: Number(step), timestampMillis: Number(timestamp) }));
}

async function create(server: Server, request: RunRequest, tags: Readonly<Record<string, string>>): Promise<string> {
  const body = { experiment_id: request.experimentId, run_name: request.name, user_id: tags['mlflow.user'], start_time: request.startMillis, tags: entriesJson(tags) };
  const { run } = await server.call<{ run: RunJson }>({ what: `a run of experiment ${request.experimentId}`, path: 'mlflow/runs/create', body, repeatable: false });
  return run.info.run_id;
}

async function findByHash(server: Server, experimentId: string, hash: string): Promise<RunJson | undefined> {
  const [first] = await search(server, { experiment_ids: [experimentId], filter: `tags."${KEY_HASH_TAG}" = '${hash}'`, order_by: ['attributes.start_time ASC', 'attributes.run_id ASC'], max_results: 1 }, 1);
  return first;
}

async function search(server: Server, body: Readonly<Record<string, unknown>>, limit: number): Promise<RunJson[]> {
  return allPages(async (token) => {
    const { runs, next_page_token: next } = await server.call<RunPage>({ what: 'the runs', path: 'mlflow/runs/search', body: { ...body, ...pageToken(token) } });
    return { items: runs, next };
  }, limit);
}
