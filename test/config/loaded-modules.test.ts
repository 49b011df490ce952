import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
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

  /** Files that the command loads until it runs, or fails for want of servers. */
  async function loadedBy(environment: Readonly<Record<string, string>>, ...command: readonly string[]): Promise<readonly string[]> {
    const record = join(folder, `loaded-${count++}`);
    const { PATH = '', HOME = '', ML_PIPELINE_TOOLS } = process.env;
    const env = { PATH, HOME, ...(ML_PIPELINE_TOOLS === undefined ? {} : { ML_PIPELINE_TOOLS }), ...NOWHERE, ...environment, RECORD_MODULES: record };
    const args = ['--require', join(ROOT, 'test/support/record-modules.cjs'), '--import', pathToFileURL(join(ROOT, 'node_modules/tsx/dist/loader.mjs')).href, join(ROOT, 'cli/main.ts'), ...command];
    const said = await runUntilItSpeaks(args, folder, env);
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
      const loaded = await loadedBy({ APP_ENV: 'local', TEMPORAL_HOST: host, TEMPORAL_PORT: port }, ...command);
      assert.deepEqual([has(loaded, own), has(loaded, 'adapters/postgres/warehouse.ts')], [true, true]);
      assert.deepEqual(loaded.filter((file) => CLOUD_SDK.test(file) || /adapters\/(bigquery|gcs)\//.test(file)), []);
    });
  }

  it('is those packages, and no PostgreSQL, where the settings say so', async () => {
    const loaded = await loadedBy({ APP_ENV: 'cloud', ...CLOUD }, 'features', 'list');
    for (const part of ['node_modules/@google-cloud/storage/', 'node_modules/@google-cloud/bigquery/', 'adapters/feast/registry/file-registry.ts']) assert.ok(has(loaded, part), part);
    assert.ok(!has(loaded, 'adapters/postgres/warehouse.ts'));
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
