import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { createFeastSqlRegistry } from '../../../adapters/feast/registry/sql-registry.ts';
import { NO_MODEL, startApi, type StartedApi } from '../../../api/main.ts';
import type { Project } from '../../../config/load-config.ts';
import { PipelineError } from '../../../domain/errors.ts';
import { openRelay, type Relay } from '../../adapters/redis/relay.ts';
import { openRedisHarness, type RedisHarness } from '../../adapters/redis/harness.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { memoryLog } from '../harness.ts';
import { createTables, DEFINITIONS } from './harness.ts';

const PUSH = { push_source_name: 'item_push', df: { user_id: [1], item_id: ['x'], n: [1], event_timestamp: ['2026-11-02T10:00:00Z'] } };

describe('An API whose PostgreSQL accepts connections and does not answer', function () {
  this.timeout(120_000);
  let database: TestDatabase;
  let redis: RedisHarness;
  let relay: Relay;
  let folder: string;
  let project: Project;
  let api: StartedApi | undefined;

  before(async () => {
    [database, redis, folder] = await Promise.all([createTestDatabase(), openRedisHarness(), mkdtemp(join(tmpdir(), 'hanging-'))]);
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await createTables(client);
    await client.end();
    const { onDemandFeatureViews: _, ...stored } = DEFINITIONS;
    const registry = createFeastSqlRegistry({ connectionString: database.url, schema: 'feast_registry', project: redis.project });
    await registry.apply({ ...stored, featureServices: stored.featureServices.filter(({ name }) => name !== 'rates_v1') });
    await registry.close();
    const [postgres, store] = [new URL(database.url), new URL(redis.url)];
    relay = await openRelay({ host: postgres.hostname, port: Number(postgres.port) });
    project = {
      folder,
      environment: 'local',
      config: {
        project: redis.project,
        warehouse: { type: 'postgres', host: '127.0.0.1', port: relay.port, database: postgres.pathname.slice(1), user: postgres.username, password: decodeURIComponent(postgres.password) },
        registry: { type: 'feast_sql', schema: 'feast_registry' },
        online_store: { type: 'redis', host: store.hostname, port: Number(store.port), password: decodeURIComponent(store.password), key_ttl_seconds: 600 },
        artifacts: { type: 'file', folder: './data' },
        tracking: { type: 'mlflow_files', folder: './mlruns' },
        temporal: { address: '127.0.0.1:1', namespace: 'default', task_queue: 'none', ui: 'http://127.0.0.1:1' },
        api: { host: '127.0.0.1', port: 0, model: NO_MODEL },
        logs: { folder: './logs' },
        training: {},
      },
    };
  });
  after(async () => {
    relay.resume();
    await api?.stop();
    await relay.close();
    await redis.close();
    await database.drop();
    await rm(folder, { recursive: true });
  });

  it('says so in five seconds, refuses what needs it with Retry-After, serves what does not, and is healthy again with it', async () => {
    api = await startApi(project, { model: NO_MODEL, log: memoryLog().log });
    const { url } = api;
    const post = (path: string, body: object): Promise<Response> => fetch(`${url}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
    assert.deepEqual([(await post('/push', { ...PUSH, to: 'online_and_offline' })).status, (await fetch(`${url}/health`)).status], [200, 200]);
    await sleep(1_100); // health looks at the registry once a second at most
    relay.stall();
    const asked = performance.now();
    const health = await fetch(`${url}/health`);
    const millis = performance.now() - asked;
    assert.deepEqual([health.status, health.headers.get('retry-after'), await health.json()], [503, '5', { detail: 'The feature registry does not answer.' }]);
    assert.ok(millis < 5_000, `${millis} ms`);
    const pushed = await post('/push', { ...PUSH, to: 'online_and_offline' });
    assert.deepEqual([pushed.status, pushed.headers.get('retry-after')], [503, '1']);
    assert.equal((await post('/get-online-features', { features: ['user_item:n'], entities: { user_id: [1], item_id: ['x'] } })).status, 200, 'the definitions are known');
    relay.resume();
    while ((await fetch(`${url}/health`)).status !== 200) await sleep(500);
    assert.equal((await post('/push', { ...PUSH, to: 'online_and_offline' })).status, 200);
    await api.stop();
    api = undefined;
  });

  it('is not started alone, and says what is away', async () => {
    relay.stall();
    await assert.rejects(startApi(project, { model: NO_MODEL, log: memoryLog().log }), (error: unknown) => error instanceof PipelineError && error.code === 'UNAVAILABLE' && /^PostgreSQL does not answer/.test(error.message));
  });
});
