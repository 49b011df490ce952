import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { findFreePorts } from '../../adapters/local-stack/port-holder.ts';
import { registerModel } from '../api/model-fixture.ts';
import { cloudServers } from '../support/cloud-servers.ts';
import { testServers } from '../support/servers.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Packages of Google Cloud and those that only these bring along. Temporal has gRPC of its own, in its packages. */
const CLOUD_SDK = /node_modules\/(@google-cloud\/|google-auth-library\/|google-gax\/|gaxios\/|gcp-metadata\/|@opentelemetry\/exporter)/;
/** Nothing listens on port 1: what a command binds it loads, and then it says that the server is away. */
const NOWHERE = { POSTGRES_PORT: '1', POSTGRES_PASSWORD: 'x', REDIS_PORT: '1', REDIS_PASSWORD: 'x', TEMPORAL_PORT: '1', API_PORT: '1' };
const CLOUD = {
  GOOGLE_CLOUD_PROJECT: 'test-proj', REDIS_HOST: '127.0.0.1', REDIS_USER: 'u', REDIS_CA_FILE: fileURLToPath(new URL('../../package.json', import.meta.url)), MLFLOW_TRACKING_URI: 'http://127.0.0.1:1',
  TEMPORAL_ADDRESS: '127.0.0.1:1', TEMPORAL_NAMESPACE: 'n', TEMPORAL_API_KEY: 'k', GOOGLE_APPLICATION_CREDENTIALS: '/nowhere.json',
};

describe('What a process loads', function () {
  this.timeout(60_000);
  let folder: string;
  let count = 0;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'modules-'));
    await mkdir(join(folder, 'config'));
    await cp(join(ROOT, 'config/environments'), join(folder, 'config/environments'), { recursive: true });
    await cp(join(ROOT, 'config/prices'), join(folder, 'config/prices'), { recursive: true });
    // A task queue of its own: other tests' workflows are none of its worker's.
    const settings = join(folder, 'config/environments/local.yaml');
    const own = (await readFile(settings, 'utf8')).replace('task_queue: ml-pipeline', `task_queue: modules-${randomBytes(6).toString('hex')}`);
    assert.match(own, /modules-/);
    await writeFile(settings, own);
    for (const name of ['recipes', 'feature_repo', 'domain']) await symlink(join(ROOT, name), join(folder, name));
  });
  after(() => rm(folder, { recursive: true }));

  /** Files that the command loads until it runs, or fails for want of servers; with `served`, until that is true. */
  async function loadedBy(environment: Readonly<Record<string, string>>, command: readonly string[], served?: (ended: AbortSignal) => Promise<boolean>): Promise<readonly string[]> {
    const record = join(folder, `loaded-${count++}`);
    const { PATH = '', HOME = '', ML_PIPELINE_TOOLS } = process.env;
    const env = { PATH, HOME, ...(ML_PIPELINE_TOOLS === undefined ? {} : { ML_PIPELINE_TOOLS }), ...NOWHERE, ...environment, RECORD_MODULES: record };
    const args = ['--require', join(ROOT, 'test/support/record-modules.cjs'), '--import', pathToFileURL(join(ROOT, 'node_modules/tsx/dist/loader.mjs')).href, join(ROOT, 'cli/main.ts'), ...command];
    const said = await (served === undefined ? runUntilItSpeaks(args, folder, env) : runUntil(served, args, folder, env));
    const loaded = (await readFile(record, 'utf8')).trimEnd().split('\n');
    assert.ok(loaded.some((file) => file.includes('adapters/redis/online-store.ts')), `binds its ports: ${said}`);
    return loaded;
  }
  const has = (loaded: readonly string[], part: string): boolean => loaded.some((file) => file.includes(part));

  for (const [name, command, own] of [
    ['the command line', ['features', 'list'], 'node_modules/commander/'],
    ['the API', ['serve'], 'node_modules/express/'],
    ['a worker', ['worker'], 'node_modules/@temporalio/worker/'],
  ] as const) {
    it(`is no package of Google Cloud where ${name} runs on a laptop's servers`, async () => {
      const [host = '', port = ''] = (await testServers()).temporalAddress.split(':');
      const loaded = await loadedBy({ APP_ENV: 'local', TEMPORAL_HOST: host, TEMPORAL_PORT: port }, command);
      assert.deepEqual([has(loaded, own), has(loaded, 'adapters/postgres/warehouse.ts')], [true, true]);
      assert.deepEqual(loaded.filter((file) => CLOUD_SDK.test(file) || /adapters\/(bigquery|gcs)\//.test(file)), []);
    });
  }

  it('is those packages, and no PostgreSQL, where the settings say so and the command asks them', async () => {
    const loaded = await loadedBy({ APP_ENV: 'cloud', ...CLOUD }, ['features', 'list']);
    for (const part of ['node_modules/@google-cloud/storage/', 'adapters/bigquery/warehouse.ts', 'adapters/feast/registry/file-registry.ts']) assert.ok(has(loaded, part), part);
    assert.deepEqual([has(loaded, 'node_modules/@google-cloud/bigquery'), has(loaded, 'adapters/postgres/warehouse.ts')], [false, false]);
  });

  it('is no client of BigQuery or Temporal, and nothing that only a training needs, where predictions are served with the settings of the cloud', async () => {
    const [{ redisUrl }, { project, gcsUrl }, [port]] = await Promise.all([testServers(), cloudServers(), findFreePorts(1)]);
    const { hostname: host, port: redisPort, password } = new URL(redisUrl);
    const table = { project, dataset: 'feast_registry', location: 'us-central1' };
    const settings = {
      project: `modules_${randomBytes(6).toString('hex')}`,
      warehouse: { type: 'bigquery', project, location: 'us-central1', datasets: { raw: 'r', feature_mart: 'f', spine: 's', registry: 'feast_registry' }, maximum_bytes_billed: 10_000_000_000 },
      registry: { type: 'feast_file', path: 'gs://nowhere/registry.db', api_endpoint: gcsUrl, table },
      online_store: { type: 'redis', host, port: Number(redisPort), password, key_ttl_seconds: 86_400 },
      artifacts: { type: 'gcs', project, buckets: { data: { name: 'data' }, artifacts: { name: 'artifacts' }, logs: { name: 'logs' } }, cache: { folder: './cache', max_gigabytes: 1 }, api_endpoint: gcsUrl },
      tracking: { type: 'mlflow_files', folder: './mlruns' },
      temporal: { address: '127.0.0.1:1', namespace: 'default', task_queue: 'modules', ui: 'http://127.0.0.1:1' },
      api: { host: '127.0.0.1', port, model: 'models:/arrival@champion' },
      logs: { folder: './logs' },
      telemetry: { type: 'otlp', endpoint: 'http://127.0.0.1:1', sample_ratio: 0 },
    };
    await writeFile(join(folder, 'config/environments/served.yaml'), JSON.stringify(settings), { mode: 0o600 });
    await mkdir(join(folder, 'mlruns'), { recursive: true });
    await registerModel(join(folder, 'mlruns'));
    const predicted = async (ended: AbortSignal): Promise<boolean> => {
      const body = JSON.stringify({ instances: [{ entities: { origin: 'JFK', plane_id: 7 }, request: { distance: 1000, weekend: 0, meal: null } }] });
      for (; !ended.aborted; await sleep(50)) {
        const status = await fetch(`http://127.0.0.1:${port}/predict`, { method: 'POST', headers: { 'content-type': 'application/json' }, body }).then((response) => response.status, () => 0);
        if (status === 200) return true;
      }
      return false;
    };
    const loaded = await loadedBy({ APP_ENV: 'served', GOOGLE_CLOUD_PROJECT: project }, ['serve'], predicted);
    assert.ok(has(loaded, 'adapters/bigquery/push-log.ts'));
    assert.deepEqual(loaded.filter((file) => /node_modules\/(@google-cloud\/bigquery|google-gax\/|@grpc\/|@temporalio\/|hyparquet|nunjucks\/)/.test(file)), []);
  });
});

/** Ends a program that has said something, and waits for its end. */
function runUntilItSpeaks(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    const hear = (text: string): void => {
      said += text;
      child.kill('SIGTERM');
    };
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', hear);
    child.once('close', () => resolve(said));
  });
}

/** Ends a program as soon as it does what is asked for; what it said. */
async function runUntil(served: (ended: AbortSignal) => Promise<boolean>, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<string> {
  const child = spawn(process.execPath, args, { cwd, env, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const end = new AbortController();
  const ended = once(child, 'close').then(() => end.abort());
  const isServed = await served(end.signal);
  child.kill('SIGTERM');
  await ended;
  assert.ok(isServed, said);
  return said;
}
