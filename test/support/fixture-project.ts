import { createHash, randomBytes } from 'node:crypto';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Redis } from 'ioredis';
import { createFeatureRepositorySource } from '../../adapters/feature-repo/feature-repository-source.ts';
import { loadIntoPostgres } from '../../adapters/sample-data/postgres-load.ts';
import type { AppConfig } from '../../config/app-config.ts';
import { bindPorts, closePorts } from '../../config/bind-ports.ts';
import type { Project } from '../../config/load-config.ts';
import type { Ports } from '../../ports/ports.ts';
import { FEATURE_SQL_FOLDER, daysFrom, sampleFolder } from '../adapters/sample-data/sample.ts';
import { createTestDatabase } from './database.ts';
import { testServers } from './servers.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const TOOLS = process.env['ML_PIPELINE_TOOLS'] ?? join(ROOT, '.tools');

/** The instant that workflows on a fixture are given: in the afternoon of the last day of its flights. */
export const AS_OF = '2013-11-14T22:00:00.000000Z';

/** A project of its own on the test servers: two weeks of flights with their features, applied definitions, no recipe yet. */
export interface FixtureProject extends Project {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  /** Bound by the project's settings, as the worker binds them. */
  readonly ports: Ports;
  /** Writes `recipes/<name>.yaml`. */
  writeRecipe(name: string, recipe: object): Promise<void>;
  /** Every key of the project in the online store with its fields, by hexadecimal name. */
  onlineContents(): Promise<Readonly<Record<string, Readonly<Record<string, string>>>>>;
  /** SHA-256 of all that: equal for equal contents. */
  onlineDigest(): Promise<string>;
  clearOnlineStore(): Promise<void>;
  /** Seconds that every key has left, by hexadecimal name; -1: does not expire. */
  onlineSecondsLeft(): Promise<Readonly<Record<string, number>>>;
  /** Lets every key expire so many seconds from now. */
  expireOnlineStore(seconds: number): Promise<void>;
  remove(): Promise<void>;
}

/** `parent`: the folder to make the project's folder in. `temporalAddress`: another Temporal than the tests' own. */
export async function createFixtureProject(options: { readonly parent?: string; readonly temporalAddress?: string } = {}): Promise<FixtureProject> {
  const [database, servers, folder] = await Promise.all([createTestDatabase(), testServers(), mkdtemp(join(options.parent ?? tmpdir(), 'ml-pipeline-project-'))]);
  const name = `fixture_${randomBytes(6).toString('hex')}`;
  const config = settings(name, database.url, servers.redisUrl, options.temporalAddress ?? servers.temporalAddress);
  await mkdir(join(folder, 'config', 'environments'), { recursive: true });
  await writeFile(join(folder, 'config', 'environments', 'local.yaml'), JSON.stringify(config), { mode: 0o600 });
  await writeFile(join(folder, '.env'), `ML_PIPELINE_TOOLS=${TOOLS}\n`);
  await cp(join(ROOT, 'recipes', 'sql'), join(folder, 'recipes', 'sql'), { recursive: true });
  const project: Project = { folder, environment: 'local', config };
  const ports = await bindPorts(project);
  await loadFlights(database.url);
  await ports.warehouse.prepare();
  await ports.featureRegistry.apply(await createFeatureRepositorySource(join(ROOT, 'feature_repo')).load());
  const redis = new Redis(servers.redisUrl);
  const keys = (): AsyncIterable<Buffer[]> => redis.scanBufferStream({ match: `*${name}`, count: 1000 }) as AsyncIterable<Buffer[]>;
  const clearOnlineStore = async (): Promise<void> => {
    for await (const found of keys()) if (found.length > 0) await redis.unlink(...found);
  };
  const eachKey = async (visit: (key: Buffer) => Promise<unknown>): Promise<void> => {
    for await (const found of keys()) await Promise.all(found.map(visit));
  };
  return {
    ...project,
    databaseUrl: database.url,
    redisUrl: servers.redisUrl,
    ports,
    writeRecipe: async (recipeName, recipe) => {
      const file = join(folder, 'recipes', `${recipeName}.yaml`);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, JSON.stringify(recipe, null, 2)); // JSON is YAML
    },
    onlineContents: () => contents(redis, keys()),
    onlineDigest: async () => {
      const entries = Object.entries(await contents(redis, keys())).sort(([a], [b]) => (a < b ? -1 : 1));
      return createHash('sha256').update(JSON.stringify(entries)).digest('hex');
    },
    clearOnlineStore,
    onlineSecondsLeft: async () => {
      const left: Record<string, number> = {};
      await eachKey(async (key) => { left[key.toString('hex')] = await redis.ttl(key); });
      return left;
    },
    expireOnlineStore: (seconds) => eachKey((key) => redis.expire(key, seconds)),
    remove: async () => {
      await clearOnlineStore();
      await Promise.all([redis.quit(), closePorts(ports)]);
      await database.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function settings(name: string, databaseUrl: string, redisUrl: string, temporalAddress: string): AppConfig {
  const [postgres, redis] = [new URL(databaseUrl), new URL(redisUrl)];
  return {
    project: name,
    warehouse: { type: 'postgres', host: postgres.hostname, port: Number(postgres.port), database: postgres.pathname.slice(1), user: postgres.username, password: postgres.password },
    registry: { type: 'feast_sql', schema: 'feast_registry' },
    online_store: { type: 'redis', host: redis.hostname, port: Number(redis.port), password: redis.password, key_ttl_seconds: 86_400 },
    artifacts: { type: 'file', folder: './data' },
    tracking: { type: 'mlflow_files', folder: './mlruns' },
    temporal: { address: temporalAddress, namespace: 'default', task_queue: name, ui: 'http://127.0.0.1:1' },
    api: { host: '127.0.0.1', port: 1, model: 'models:/fixture@champion' },
    logs: { folder: './logs' },
    training: { threads: 1 },
  };
}

async function loadFlights(connectionString: string): Promise<void> {
  const folder = await sampleFolder(daysFrom('2013-11-01', 14));
  try {
    await loadIntoPostgres({ connectionString, folder, featureSqlFolder: FEATURE_SQL_FOLDER, shiftWeeks: 0, now: Date.parse(AS_OF) * 1000 });
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function contents(redis: Redis, keys: AsyncIterable<Buffer[]>): Promise<Record<string, Record<string, string>>> {
  const all: Record<string, Record<string, string>> = {};
  for await (const found of keys) {
    if (found.length === 0) continue;
    const answers = await found.reduce((pipeline, key) => pipeline.hgetallBuffer(key), redis.pipeline()).exec();
    found.forEach((key, index) => {
      const fields = Object.entries(answers![index]![1] as Record<string, Buffer>).map(([field, value]) => [Buffer.from(field).toString('hex'), value.toString('hex')] as const);
      all[key.toString('hex')] = Object.fromEntries(fields.sort(([a], [b]) => (a < b ? -1 : 1)));
    });
  }
  return all;
}

/** A recipe of the fixture's flights. Its sections can be changed one by one. */
export function fixtureRecipe(changes: { readonly name?: string; readonly hyperparameters?: object; readonly model?: string; readonly days?: number; readonly sections?: object } = {}): object {
  return {
    name: changes.name ?? 'fixture_forest',
    model: { class_path: 'RandomForestClassifier', hyperparameters: { n_estimators: 10, max_depth: 5, min_samples_leaf: 20, random_state: 42, ...changes.hyperparameters } },
    loader: {
      source_uri: 'sql/flights_spine.sql.j2',
      entity_schema: { entity_columns: ['origin', 'tailnum', 'carrier'], timestamp_column: 'event_timestamp' },
      parameters: { days: changes.days ?? 14 },
    },
    augmenter: { type: 'feature_store', feature_service: 'flight_delay_v1', request_columns: ['distance', 'hour'] },
    preprocessor: { steps: [{ impute: 'median' }, { one_hot: ['carrier', 'origin'], handle_unknown: 'ignore' }] },
    data_interface: { task_type: 'classification', target_column: 'arrived_late' },
    evaluation: { split: { method: 'time', test_size: 0.2, validation_size: 0.1 }, metrics: ['roc_auc', 'log_loss'], thresholds: { roc_auc: '>= 0.5' } },
    registration: { model_name: changes.model ?? 'fixture', promote: { alias: 'champion', when: 'better', approval: 'none' } },
    ...changes.sections,
  };
}
