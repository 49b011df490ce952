import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection, defaultPayloadConverter, type WorkflowHandle } from '@temporalio/client';
import { Redis } from 'ioredis';
import type { EvaluationResult, PreparedMatrix, TrainedArtifacts } from '../../activities/index.ts';
import { loadIntoPostgres } from '../../adapters/sample-data/postgres-load.ts';
import type { AppConfig } from '../../config/app-config.ts';
import { bindPorts, closePorts } from '../../config/bind-ports.ts';
import type { Project } from '../../config/load-config.ts';
import type { DatasetRef } from '../../domain/data/dataset-ref.ts';
import { formatInstant } from '../../domain/instant.ts';
import type { Ports } from '../../ports/ports.ts';
import { startWorkers } from '../../workers/main.ts';
import type { TrainModelResult } from '../../workflows/train-model.ts';
import { FEATURE_SQL_FOLDER, SOURCE_FOLDER } from '../adapters/sample-data/sample.ts';
import { createTestDatabase } from './database.ts';
import { testServers } from './servers.ts';

const ROOT = join(import.meta.dirname, '..', '..');
/** The whole year, moved by so many weeks; noon in New York on the Wednesday of its last full week is the present. */
const SHIFT_WEEKS = 624;
export const PRESENT = Date.parse('2025-12-10T17:00:00Z') * 1000;
/** The project's own recipes. */
export const RECIPES = {
  forest: 'models/classification/random_forest_classifier',
  logistic: 'models/classification/logistic_regression',
  boosting: 'models/regression/lightgbm_regressor',
} as const;
export type RecipeKey = keyof typeof RECIPES;
export const RECIPE_KEYS = Object.keys(RECIPES) as RecipeKey[];

/** What a finished `trainModel` answered, and what its activities passed to each other. */
export interface TrainedRecipe {
  readonly result: TrainModelResult;
  readonly trainingSet: DatasetRef;
  readonly matrix: PreparedMatrix;
  readonly trained: TrainedArtifacts;
  readonly evaluation: EvaluationResult;
}

/** All flights of the year in a database, joined, trained on, registered and materialized, with the clock standing at PRESENT. */
export interface RealData {
  readonly databaseUrl: string;
  /** Files of this preparation, and room for those of the tests. */
  readonly folder: string;
  readonly ports: Ports;
  readonly models: Readonly<Record<RecipeKey, TrainedRecipe>>;
  /** Seconds that each step took. */
  readonly seconds: Readonly<Record<string, number>>;
}

let prepared: Promise<RealData> | undefined;
const cleanups: (() => Promise<unknown>)[] = [];

/** The same for every test file of a run; the first caller waits for it about a minute and a half. */
export function realData(): Promise<RealData> {
  prepared ??= prepare();
  return prepared;
}

// A hook of mocha's root suite, since this stands outside of every describe().
after(async function () {
  this.timeout(60_000);
  for (const cleanup of cleanups.reverse()) await cleanup();
});

async function prepare(): Promise<RealData> {
  const seconds: Record<string, number> = {};
  const timed = async <T>(step: string, work: () => Promise<T>): Promise<T> => {
    const started = performance.now();
    const result = await work();
    seconds[step] = (performance.now() - started) / 1000;
    return result;
  };
  const { project, databaseUrl, folder } = await openProject();
  const bound = await bindPorts(project);
  cleanups.push(() => closePorts(bound));
  await timed('load data', () => loadIntoPostgres({ connectionString: databaseUrl, folder: SOURCE_FOLDER, featureSqlFolder: FEATURE_SQL_FOLDER, shiftWeeks: SHIFT_WEEKS, now: PRESENT }));
  await bound.warehouse.prepare();
  await bound.featureRegistry.apply(await bound.featureRepository.load());
  const client = await startTemporal(project);
  const models: Partial<Record<RecipeKey, TrainedRecipe>> = {};
  for (const key of RECIPE_KEYS) models[key] = await timed(`train ${key}`, () => trainRecipe(client, project, RECIPES[key]));
  const run = { taskQueue: project.config.temporal.task_queue, workflowId: `${project.config.project}-materialize`, args: [{ end: formatInstant(PRESENT) }] };
  await timed('materialize', () => client.workflow.execute('materializeFeatures', run));
  return { databaseUrl, folder, ports: { ...bound, clock: { now: () => PRESENT } }, models: models as Record<RecipeKey, TrainedRecipe>, seconds };
}

/** The local environment's settings, on test servers and a temporary folder. */
async function openProject(): Promise<Pick<RealData, 'databaseUrl' | 'folder'> & { readonly project: Project }> {
  const [database, servers, folder] = await Promise.all([createTestDatabase(), testServers(), mkdtemp(join(tmpdir(), 'ml-pipeline-real-data-'))]);
  const [postgres, redis, name] = [new URL(database.url), new URL(servers.redisUrl), `flights_${randomBytes(6).toString('hex')}`];
  const config: AppConfig = {
    project: name,
    warehouse: { type: 'postgres', host: postgres.hostname, port: Number(postgres.port), database: postgres.pathname.slice(1), user: postgres.username, password: postgres.password },
    registry: { type: 'feast_sql', schema: 'feast_registry' },
    online_store: { type: 'redis', host: redis.hostname, port: Number(redis.port), password: redis.password, key_ttl_seconds: 86_400 },
    artifacts: { type: 'file', folder: join(folder, 'data') },
    tracking: { type: 'mlflow_files', folder: join(folder, 'mlruns') },
    temporal: { address: servers.temporalAddress, namespace: 'default', task_queue: name, ui: servers.temporalUiUrl },
    api: { host: '127.0.0.1', port: 1, model: 'models:/flight_delay@champion' },
    logs: { folder: join(folder, 'logs') },
    training: { threads: 2 },
  };
  cleanups.push(() => rm(folder, { recursive: true }), () => database.drop(), () => removeKeys(servers.redisUrl, name));
  return { project: { folder: ROOT, environment: 'local', config }, databaseUrl: database.url, folder };
}

async function removeKeys(redisUrl: string, project: string): Promise<void> {
  const redis = new Redis(redisUrl);
  for await (const keys of redis.scanBufferStream({ match: `*${project}`, count: 1000 }) as AsyncIterable<Buffer[]>) if (keys.length > 0) await redis.unlink(...keys);
  await redis.quit();
}

const SILENT = { info: () => undefined, warn: () => undefined, error: console.error };

async function startTemporal(project: Project): Promise<Client> {
  const workers = await startWorkers(project, SILENT);
  const connection = await Connection.connect({ address: project.config.temporal.address });
  cleanups.push(() => connection.close(), () => workers.stop());
  return new Client({ connection });
}

async function trainRecipe(client: Client, { config }: Project, recipe: string): Promise<TrainedRecipe> {
  const input = { recipe, as_of: formatInstant(PRESENT) };
  const handle = await client.workflow.start('trainModel', { taskQueue: config.temporal.task_queue, workflowId: `${config.project}-${recipe}`, args: [input] });
  const result = (await handle.result()) as TrainModelResult;
  const results = await activityResults(handle);
  return { result, trainingSet: results['buildTrainingSet'], matrix: results['prepareMatrix'], trained: results['train'], evaluation: results['evaluate'] } as TrainedRecipe;
}

/** The last result of each activity of a workflow, by the activity's name. */
async function activityResults(handle: WorkflowHandle): Promise<Readonly<Record<string, unknown>>> {
  const { events } = await handle.fetchHistory();
  const names = new Map((events ?? []).map((event) => [String(event.eventId), event.activityTaskScheduledEventAttributes?.activityType?.name]));
  const completed = (events ?? []).flatMap(({ activityTaskCompletedEventAttributes: done }) => (done === null || done === undefined ? [] : [done]));
  return Object.fromEntries(completed.flatMap(({ scheduledEventId, result }) => (result?.payloads?.[0] === undefined ? [] : [[names.get(String(scheduledEventId)), defaultPayloadConverter.fromPayload(result.payloads[0])]])));
}
