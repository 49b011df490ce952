import assert from 'node:assert/strict';
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { findFreePorts } from '../../adapters/local-stack/port-holder.ts';
import { createFeastSqlRegistry } from '../../adapters/feast/registry/sql-registry.ts';
import { repository } from '../adapters/feast/registry/repository.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { testServers } from '../support/servers.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FEAST = join(process.env['ML_PIPELINE_TOOLS'] ?? join(ROOT, '.tools'), 'feast', 'bin', 'feast');

describe("Feast's own programs, on the project's feature_store.yaml", function () {
  this.timeout(180_000); // importing Feast takes seconds
  let database: TestDatabase;
  let folder: string;
  let environment: NodeJS.ProcessEnv;

  before(async function () {
    if (!existsSync(FEAST)) {
      if (process.env['CI'] === 'true') throw new Error(`There is no ${FEAST}: run scripts/install_tools.sh feast`);
      return this.skip();
    }
    database = await createTestDatabase();
    const [postgres, redis] = [new URL(database.url), new URL((await testServers()).redisUrl)];
    folder = await mkdtemp(join(tmpdir(), 'feast-cli-'));
    // The file itself, on the test's database: only the names of user and database differ.
    const text = await readFile(join(ROOT, 'config/environments/feast/local_feature_store.yaml'), 'utf8');
    const own = text
      .replace('//ml_pipeline:', `//${postgres.username}:`)
      .replace('/ml_pipeline?', `${postgres.pathname}?`)
      .replace('database: ml_pipeline', `database: ${postgres.pathname.slice(1)}`)
      .replace('user: ml_pipeline', `user: ${postgres.username}`);
    assert.notEqual(own, text);
    await writeFile(join(folder, 'feature_store.yaml'), own);
    environment = { ...process.env, POSTGRES_HOST: 'localhost', REDIS_HOST: 'localhost', POSTGRES_PORT: postgres.port, POSTGRES_PASSWORD: decodeURIComponent(postgres.password), REDIS_PORT: redis.port, REDIS_PASSWORD: decodeURIComponent(redis.password), FEAST_USAGE: 'False', COLUMNS: '200' };
    const registry = createFeastSqlRegistry({ connectionString: database.url, schema: 'feast_registry', project: 'flights' });
    await registry.apply(repository);
    await registry.recordMaterialization('weather', 1_700_000_000_000_000, 1_700_003_600_000_000);
    await registry.close();
  });
  after(async () => {
    if (folder !== undefined) await rm(folder, { recursive: true });
    await database?.drop();
  });

  function feast(...args: readonly string[]): Promise<string> {
    return new Promise((resolve, reject) => {
      execFile(FEAST, ['-c', folder, ...args], { env: environment, maxBuffer: 1 << 24 }, (error, stdout, stderr) => (error === null ? resolve(stdout) : reject(new Error(`feast ${args.join(' ')}: ${stderr}`))));
    });
  }

  it('find the servers by variables that .env has, each of them, and by nothing else', async () => {
    const text = await readFile(join(ROOT, 'config/environments/feast/local_feature_store.yaml'), 'utf8');
    const used = new Set([...text.matchAll(/\$\{([A-Z_]+)\}/g)].map(([, name]) => name!));
    const example = parseEnv(await readFile(join(ROOT, '.env.example'), 'utf8'));
    assert.deepEqual([...used].sort(), ['POSTGRES_HOST', 'POSTGRES_PASSWORD', 'POSTGRES_PORT', 'REDIS_HOST', 'REDIS_PASSWORD', 'REDIS_PORT']);
    for (const name of used) assert.ok(name.endsWith('PASSWORD') ? name in example : example[name] !== undefined && example[name] !== '', name);
    assert.ok(!/127\.0\.0\.1|localhost|:5432|:6379/.test(text.replace(/^#.*$/gm, '')));
  });

  it('list our views, entities, data sources and services', async () => {
    const views = await feast('feature-views', 'list');
    for (const name of ['weather', 'punctuality', 'calendar']) assert.match(views, new RegExp(`^${name}\\b`, 'm'));
    assert.match(views, /^weather +\{'airport'\}/m);
    assert.match(await feast('entities', 'list'), /^airport +An airport of departure +ValueType\.STRING/m);
    assert.match(await feast('data-sources', 'list'), /weather_source/);
    assert.match(await feast('feature-services', 'list'), /^delay_v1 +weather:visib/m);
  });

  it('describe a view with its batch source, and a service', async () => {
    const weather = await feast('feature-views', 'describe', 'weather');
    for (const text of ['weather_source', 'weather@example.org', '21600s', 'AVAILABLE_ONLINE']) assert.ok(weather.includes(text), `${text} in\n${weather}`);
    assert.match(await feast('feature-services', 'describe', 'delay_v1'), /recent_delays/);
  });

  it('show our definitions in the web UI', async () => {
    const [port] = (await findFreePorts(1)) as [number];
    const child = spawn(FEAST, ['-c', folder, 'ui', '--host', '127.0.0.1', '--port', String(port)], { env: environment, stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    try {
      const base = `http://127.0.0.1:${port}`;
      await answers(`${base}/projects-list.json`, child, () => stderr);
      const get = async (path: string): Promise<Record<string, unknown>> => (await (await fetch(`${base}${path}`)).json()) as Record<string, unknown>;
      assert.deepEqual(((await get('/projects-list.json'))['projects'] as { id: string }[]).map(({ id }) => id), ['flights']);
      const names = (items: unknown): string[] => (items as { spec: { name: string } }[]).map(({ spec }) => spec.name).sort();
      assert.deepEqual(names((await get('/api/v1/feature_views?project=flights'))['featureViews']), ['calendar', 'punctuality', 'weather']);
      assert.deepEqual(names((await get('/api/v1/entities?project=flights'))['entities']), ['__dummy', 'airport', 'carrier']);
      assert.deepEqual(names((await get('/api/v1/feature_services?project=flights'))['featureServices']), ['delay_v1']);
      const view = (await get('/api/v1/feature_views/weather?project=flights')) as { spec: { owner: string; tags: object }; meta: { materializationIntervals: unknown[] } };
      assert.deepEqual([view.spec.owner, view.meta.materializationIntervals], ['weather@example.org', [{ startTime: '2023-11-14T22:13:20Z', endTime: '2023-11-14T23:13:20Z' }]]);
    } finally {
      await stop(child);
    }
  });
});

/** Waits until the program serves, or says why it ended. */
async function answers(url: string, child: ChildProcess, said: () => string): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`feast ui ended with ${child.exitCode}: ${said()}`);
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok === true) return;
    await setTimeout(250);
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}
