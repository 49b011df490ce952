import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { createFeastSqlRegistry } from '../../adapters/feast/registry/sql-registry.ts';
import { createPostgresPushLog } from '../../adapters/postgres/push-log.ts';
import { createApp } from '../../api/create-app.ts';
import { holdDefinitions, type DefinitionsHolder } from '../../api/feast/definitions.ts';
import { createPushQueue } from '../../api/feast/push-queue.ts';
import { serveApi, type RunningApi } from '../../api/serve.ts';
import { parseInstant } from '../../domain/instant.ts';
import type { FeatureRegistry } from '../../ports/feature-registry.ts';
import type { PushLog } from '../../ports/push-log.ts';
import { openRedisHarness, type RedisHarness } from '../adapters/redis/harness.ts';
import { createTables, DEFINITIONS, viewOf } from '../api/feast/harness.ts';
import { memoryLog } from '../api/harness.ts';
import { testBatch } from '../contracts/online-rows.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const PYTHON = join(process.env['ML_PIPELINE_TOOLS'] ?? '.tools', 'feast', 'bin', 'python');
const CLIENT = join(import.meta.dirname, 'feast', 'feature_server_client.py');
const EVENT = parseInstant('2026-11-01T00:00:00.5Z')!;

describe("Feast's clients and the feature server's routes", function () {
  this.timeout(180_000); // importing Feast takes seconds
  let redis: RedisHarness;
  let database: TestDatabase;
  let client: pg.Client;
  let registry: FeatureRegistry;
  let definitions: DefinitionsHolder;
  let pushLog: PushLog;
  let api: RunningApi;

  before(async function () {
    if (!existsSync(PYTHON)) {
      if (process.env['CI'] === 'true') throw new Error(`There is no ${PYTHON}: run scripts/install_tools.sh feast`);
      return this.skip();
    }
    [redis, database] = await Promise.all([openRedisHarness(), createTestDatabase()]);
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await createTables(client);
    registry = createFeastSqlRegistry({ connectionString: database.url, schema: 'feast_registry', project: redis.project });
    await registry.apply(DEFINITIONS);
    const { log } = memoryLog();
    const onlineStore = redis.connect(null);
    const write = (view: string, ...rows: Parameters<typeof testBatch>[1]) => onlineStore.write(viewOf(view), testBatch(viewOf(view), rows));
    await write('user_stats', { key: [1n], values: [9007199254740993n, 11, 0.5, 'ñ"', Uint8Array.of(0, 255), true, 1_700_000_000, -5], event: EVENT }, { key: [2n], values: [null, Number.NaN, Math.fround(0.1), null, null, false, null, null], event: EVENT + 1 });
    await write('user_extra', { key: [1n], values: [21n, ['a', 'b']], event: EVENT }, { key: [2n], values: [22n, []], event: EVENT });
    await write('user_item', { key: [1n, 'x'], values: [5n], event: EVENT });
    await write('settings', { key: [], values: [100], event: EVENT });
    definitions = await holdDefinitions(registry, { project: redis.project, log });
    pushLog = createPostgresPushLog({ connectionString: database.url });
    await pushLog.prepare();
    const clock = { now: () => EVENT + 60_000_000 };
    const runner = { start: () => Promise.reject(new Error('not part of this test')), close: () => Promise.resolve() };
    const features = { definitions, onlineStore, clock, log, runner, queue: createPushQueue({ pushLog, onlineStore, log }) };
    api = await serveApi(createApp({ features, onlineStore, clock, log }), undefined, { host: '127.0.0.1', port: 0, log });
  });
  after(async () => {
    if ((api as RunningApi | undefined) === undefined) return;
    await api.stop();
    definitions.close();
    await Promise.all([pushLog.close(), registry.close(), client.end()]);
    await redis.close();
    await database.drop();
  });

  const python = async (command: string, options: object): Promise<unknown> => {
    const [url, store] = [new URL(database.url), new URL(redis.url)];
    const postgres = { host: url.hostname, port: Number(url.port), database: url.pathname.slice(1), user: url.username, password: url.password };
    const registryPath = `postgresql+psycopg://${url.username}:${url.password}@${url.host}${url.pathname}?options=-csearch_path%3Dfeast_registry`;
    const input = { project: redis.project, registry: registryPath, postgres, redis: `${store.host},password=${store.password},db=0`, url: api.url, ...options };
    const child = spawn(PYTHON, ['-W', 'ignore', CLIENT, command], { env: { ...process.env, FEAST_USAGE: 'False' }, stdio: 'pipe' });
    const [out, err]: [Buffer[], Buffer[]] = [[], []];
    child.stdout.on('data', (data: Buffer) => out.push(data));
    child.stderr.on('data', (data: Buffer) => err.push(data));
    child.stdin.end(JSON.stringify(input));
    const code = await new Promise((resolve, reject) => child.on('close', resolve).on('error', reject));
    if (code !== 0) throw new Error(`${CLIENT} ${command} ended with ${String(code)}:\n${Buffer.concat(err).toString().slice(-4000)}`);
    return JSON.parse(Buffer.concat(out).toString().trimEnd().split('\n').at(-1) ?? '');
  };

  it('read by its remote online store what its own server would give it', async () => {
    const requests = [
      { features: ['user_stats:clicks', 'user_stats:score', 'user_stats:nick', 'user_stats:active', 'user_stats:small'], rows: [{ user_id: 1 }, { user_id: 99 }] },
      { service: 'stats_v1', rows: [{ user_id: 1 }], full: true },
      { features: ['user_item:n'], rows: [{ user_id: 1, item_id: 'x' }] },
      { features: ['nope:x'], rows: [{ user_id: 1 }] },
    ];
    const answers = (await python('read', { requests })) as Record<string, unknown>[];
    assert.deepEqual({ ...answers[0], clicks: undefined }, { user_id: [1, 99], clicks: undefined, score: [11, null], nick: ['ñ"', null], active: [true, null], small: [-5, null] });
    assert.deepEqual(Object.keys(answers[1]!).sort(), ['settings__rate_limit', 'user_id', 'user_stats__clicks', 'user_stats__score']);
    assert.deepEqual(answers[2], { user_id: [1], item_id: ['x'], n: [5] });
    assert.equal(answers[3]?.['error'], 'FeatureViewNotFoundException');
  });

  it('push by the route, and push and write by its remote online store', async () => {
    const row = (user: number, clicks: number) => ({ user_id: [user], clicks: [clicks], score: [0.5], rate: [0.25], nick: ['a'], active: [true], seen: [null], small: [1], raw: [null], event_timestamp: ['2026-11-01T00:00:10Z'], created_timestamp: ['2026-11-01T00:00:11Z'] });
    await python('write', { online: row(11, 1), both: row(12, 2), written: row(13, 3) });
    const [rows] = await redis.connect(null).read([{ view: viewOf('user_stats'), features: ['clicks', 'nick'], entityKeys: [[11n], [12n], [13n]] }]);
    assert.deepEqual(rows?.map(({ values }) => values), [[1n, 'a'], [2n, 'a'], [3n, 'a']]);
    const { rows: table } = await client.query('SELECT user_id, clicks FROM feature_mart.user_stats');
    assert.deepEqual(table, [{ user_id: '12', clicks: '2' }]);
  });

  it('get from the routes the very answers of its own server, errors too', async () => {
    const post = (body: unknown): [string, string] => ['/get-online-features', typeof body === 'string' ? body : JSON.stringify(body)];
    const everything = viewOf('user_stats').features.map(({ name }) => `user_stats:${name}`);
    const bodies = [
      post({ features: everything, entities: { user_id: [1, 2, 99] } }),
      post({ features: everything, entities: { user_id: ['1', 2.7, true] }, full_feature_names: true, include_feature_view_version_metadata: true }),
      post({ features: ['user_extra:tags', 'user_extra:clicks'], entities: { user_id: [1, 2, 99] } }),
      post({ feature_service: 'stats_v1', features: ['nope'], entities: { user_id: [1] } }),
      post({ feature_service: 'pair_v1', entities: { buyer_id: [1], seller_id: [2] }, full_feature_names: true }),
      post({ features: ['user_item:n'], entities: { user_id: [1, 1], item_id: ['x', 7] } }),
      post({ features: ['user_item:n'], entities: { user_id: [1] } }),
      post({ features: ['user_stats:small'], entities: { user: [1], other: ['a'] } }),
      post({ features: ['nope:x'], entities: { user_id: [1] } }),
      post({ feature_service: 'zzz', entities: { user_id: [1] } }),
      post({ features: ['user_stats:nope'], entities: { user_id: [1] } }),
      post({ features: ['clicks'], entities: { user_id: [1] } }),
      post({ entities: { user_id: [1] } }),
      post({ features: ['user_stats:clicks', 'user_extra:clicks'], entities: { user_id: [1] } }),
      post({ features: ['user_stats:clicks'], entities: {} }),
      post({ features: ['user_stats:clicks'], entities: { other: [1] } }),
      post({ features: ['user_stats:clicks'], entities: { user_id: [] } }),
      post({ features: ['user_item:n'], entities: { user_id: [1, 2], item_id: ['a'] } }),
      post({ features: [] }),
      post({ entities: [1], features: 'x' }),
      post({ entities: { user_id: 1 }, features: [1], full_feature_names: 'maybe' }),
      post('{"entities": {'),
      post('[]'),
      ['/push', JSON.stringify({ push_source_name: 'nope', df: {} })],
      ['/push', JSON.stringify({ push_source_name: 'user_push', df: { a: [1] }, to: 'both' })],
      ['/materialize', JSON.stringify({ start_ts: '2026-11-01' })],
      ['/materialize', JSON.stringify({ start_ts: '2026-11-01', end_ts: '2026-11-02', feature_views: ['nope'] })],
      ['/materialize-incremental', '{}'],
    ] as [string, string][];
    const theirs = (await python('serve', { bodies })) as { status: number; text: string }[];
    for (const [index, [path, body]] of bodies.entries()) {
      const response = await fetch(`${api.url}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
      const text = await response.text();
      assert.deepEqual({ body, status: response.status, answer: comparable(withoutSuggestion(text)) }, { body, status: theirs[index]!.status, answer: comparable(theirs[index]!.text) });
    }
  });
});

/** A name that is nearly right is answered by Feast's words and, after them, the right one. */
function withoutSuggestion(text: string): string {
  return text.replace(/\.? Did you mean (?:\\"[^"]*\\"|'[^']*')(?: by '[^']*')?\?/g, '');
}

/** Features by name, since Feast's order is of no meaning; numbers as their text, so that no digit is lost. */
function comparable(text: string): unknown {
  const value = JSON.parse(text.replace(/([[,:])(-?\d{16,})(?=[,\]}])/g, '$1"$2"')) as { results?: unknown[]; metadata?: { feature_names: string[]; feature_view_metadata?: { name: string }[] } };
  if (typeof value !== 'object' || value === null || value.results === undefined || value.metadata === undefined) return value;
  const views = value.metadata.feature_view_metadata?.map(({ name }) => name).sort();
  return { views, features: Object.fromEntries(value.metadata.feature_names.map((name, index) => [name, value.results![index]])) };
}
