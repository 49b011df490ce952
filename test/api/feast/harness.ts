import { createHash } from 'node:crypto';
import pg from 'pg';
import { createTransformRunner } from '../../../adapters/node-vm/transform-runner.ts';
import { createPostgresPushLog } from '../../../adapters/postgres/push-log.ts';
import { createApp } from '../../../api/create-app.ts';
import { holdDefinitions, type DefinitionsHolder } from '../../../api/feast/definitions.ts';
import { createPushQueue, type PushQueueOptions } from '../../../api/feast/push-queue.ts';
import { serveApi } from '../../../api/serve.ts';
import { defineEntity, defineFeatureView } from '../../../domain/features/define.ts';
import type { FeatureRepository } from '../../../domain/features/definitions.ts';
import { snapshotView } from '../../../domain/features/resolve.ts';
import type { FeatureViewSnapshot } from '../../../domain/features/snapshot.ts';
import { parseInstant } from '../../../domain/instant.ts';
import type { MaterializationRequest } from '../../../ports/materialization-runner.ts';
import type { OnlineStore } from '../../../ports/online-store.ts';
import type { PushLog } from '../../../ports/push-log.ts';
import { openRedisHarness, type RedisHarness } from '../../adapters/redis/harness.ts';
import { testBatch, type OnlineTestRow } from '../../contracts/online-rows.ts';
import { createTestDatabase } from '../../support/database.ts';
import { memoryLog } from '../harness.ts';

export const NOW = parseInstant('2026-11-02T12:00:00Z')!;

const user = defineEntity({ name: 'user', joinKey: 'user_id', valueType: 'Int64' });
const item = defineEntity({ name: 'item', joinKey: 'item_id', valueType: 'String' });
const source = (name: string, created = true) => ({ name, table: `feature_mart.${name}`, timestampField: 'event_timestamp', ...(created ? { createdTimestampColumn: 'created_timestamp' } : {}) });

/** As a bundler writes it. */
const CLICK_RATE = `var transform = { default: ({ clicks, score, shown, as_of }) => ({ click_rate: clicks === null || !shown ? null : Number(clicks) / shown, minute: new Date(as_of * 1000).getUTCMinutes(), nick: score > 10 ? 'hot' : 5 }) };
export default transform.default;
`;

export const DEFINITIONS: FeatureRepository = {
  entities: [user, item],
  featureViews: [
    defineFeatureView({
      name: 'user_stats',
      entities: [user],
      features: [
        { name: 'clicks', type: 'Int64' },
        { name: 'score', type: 'Float64' },
        { name: 'rate', type: 'Float32' },
        { name: 'nick', type: 'String' },
        { name: 'raw', type: 'Bytes' },
        { name: 'active', type: 'Bool' },
        { name: 'seen', type: 'UnixTimestamp' },
        { name: 'small', type: 'Int32' },
      ],
      ttlSeconds: 2 * 86_400,
      source: source('user_stats'),
      pushSource: { name: 'user_push' },
    }),
    defineFeatureView({ name: 'user_extra', entities: [user], features: [{ name: 'clicks', type: 'Int64' }, { name: 'tags', type: 'Array(String)' }], ttlSeconds: null, source: source('user_extra', false) }),
    defineFeatureView({ name: 'user_item', entities: [user, item], features: [{ name: 'n', type: 'Int64' }], ttlSeconds: null, source: source('user_item'), pushSource: { name: 'item_push' } }),
    defineFeatureView({ name: 'settings', entities: [], features: [{ name: 'rate_limit', type: 'Int32' }], ttlSeconds: null, source: source('settings') }),
  ],
  onDemandFeatureViews: [
    {
      name: 'click_rate',
      inputs: [{ view: 'user_stats', features: ['clicks', 'score'] }],
      request: [{ name: 'shown', type: 'Int32' }],
      asOf: true,
      features: [{ name: 'click_rate', type: 'Float64' }, { name: 'minute', type: 'Int32' }, { name: 'nick', type: 'String' }],
      module: 'transforms/click_rate.ts',
      bundle: { source: CLICK_RATE, sha256: createHash('sha256').update(CLICK_RATE).digest('hex') },
    },
  ],
  featureServices: [
    { name: 'rates_v1', features: [{ view: 'click_rate', features: ['click_rate', 'minute'] }, { view: 'user_stats', features: ['small'] }] },
    { name: 'stats_v1', features: [{ view: 'user_stats', features: ['clicks', 'score'] }, { view: 'settings' }] },
    { name: 'pair_v1', features: [{ view: 'user_extra', features: ['clicks'], alias: 'buyer', joinKeyMap: { user_id: 'buyer_id' } }, { view: 'user_extra', features: ['clicks'], alias: 'seller', joinKeyMap: { user_id: 'seller_id' } }] },
  ],
};

export const viewOf = (name: string): FeatureViewSnapshot => snapshotView(DEFINITIONS, name);

export interface FeastAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Feast's routes over definitions in memory, with a real Redis, a real PostgreSQL and real HTTP. */
export interface FeastHarness {
  readonly url: string;
  readonly redis: RedisHarness;
  readonly store: OnlineStore;
  readonly database: pg.Client;
  readonly databaseUrl: string;
  readonly definitions: DefinitionsHolder;
  readonly logged: string[];
  /** Materializations that were asked for. */
  readonly started: MaterializationRequest[];
  /** Whether the next materializations can be started, and how they end. */
  materialization: () => Promise<void>;
  ending: () => Promise<void>;
  now: number;
  write(view: string, ...rows: OnlineTestRow[]): Promise<void>;
  post(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<FeastAnswer>;
  request(path: string, init?: RequestInit): Promise<FeastAnswer>;
  close(): Promise<void>;
}

export interface FeastHarnessOptions {
  readonly onlineStore?: (redis: RedisHarness) => OnlineStore;
  readonly pushLog?: PushLog;
  readonly queue?: Partial<PushQueueOptions>;
  readonly readOnly?: boolean;
}

export async function openFeastHarness(options: FeastHarnessOptions = {}): Promise<FeastHarness> {
  const [redis, database] = await Promise.all([openRedisHarness(), createTestDatabase()]);
  const store = redis.connect(null);
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await createTables(client);
  const { log, logged } = memoryLog();
  const own = createPostgresPushLog({ connectionString: database.url });
  await own.prepare();
  const pushLog = options.pushLog ?? own;
  const state = { now: NOW, materialization: () => Promise.resolve(), ending: () => Promise.resolve() };
  const clock = { now: () => state.now };
  const started: MaterializationRequest[] = [];
  const definitions = await holdDefinitions(
    { contents: () => Promise.resolve({ ...DEFINITIONS, views: [], dataSources: [], unusable: [{ kind: 'on-demand feature view', name: 'python_view', features: ['x'], reason: 'It is a function in Python.' }] }) },
    { project: 'shop', log, transforms: createTransformRunner() },
  );
  const onlineStore = options.onlineStore?.(redis) ?? store;
  const runner = {
    start: (request: MaterializationRequest) => {
      started.push(request);
      return state.materialization().then(() => ({ ended: state.ending() }));
    },
    close: () => Promise.resolve(),
  };
  const features = { readOnly: options.readOnly ?? false, definitions, onlineStore, clock, log, runner, queue: createPushQueue({ pushLog, onlineStore, log, ...options.queue }) };
  const api = await serveApi(createApp({ features, onlineStore, clock, log }), undefined, { host: '127.0.0.1', port: 0, log });
  const request = async (path: string, init: RequestInit = {}): Promise<FeastAnswer> => {
    const response = await fetch(`${api.url}${path}`, init);
    return { status: response.status, headers: response.headers, text: await response.text() };
  };
  return {
    url: api.url,
    redis,
    store,
    database: client,
    databaseUrl: database.url,
    definitions,
    logged,
    started,
    get now() {
      return state.now;
    },
    set now(value) {
      state.now = value;
    },
    get materialization() {
      return state.materialization;
    },
    set materialization(value) {
      state.materialization = value;
    },
    get ending() {
      return state.ending;
    },
    set ending(value) {
      state.ending = value;
    },
    write: async (view, ...rows) => void (await store.write(viewOf(view), testBatch(viewOf(view), rows))),
    request,
    post: (path, body, headers = { 'content-type': 'application/json' }) => request(path, { method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body) }),
    close: async () => {
      await api.stop();
      definitions.close();
      await Promise.all([own.close(), client.end(), onlineStore.close()]);
      await redis.close();
      await database.drop();
    },
  };
}

export async function createTables(client: pg.Client): Promise<void> {
  await client.query(`CREATE SCHEMA feature_mart;
    CREATE TABLE feature_mart.user_stats (user_id int8, clicks int8, score float8, rate float4, nick text, raw bytea, active bool, seen timestamptz, small int2, event_timestamp timestamptz, created_timestamp timestamptz);
    CREATE TABLE feature_mart.user_item (user_id int8 NOT NULL, item_id text, n int8, event_timestamp timestamptz, created_timestamp timestamptz)`);
}
