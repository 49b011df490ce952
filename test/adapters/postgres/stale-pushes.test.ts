import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { createFeastSqlRegistry } from '../../../adapters/feast/registry/sql-registry.ts';
import { startPushDelivery, storeOfDefined } from '../../../adapters/system/push-delivery.ts';
import { createPostgresPushLog } from '../../../adapters/postgres/push-log.ts';
import { defineEntity, defineFeatureView } from '../../../domain/features/define.ts';
import type { FeatureRepository, Field } from '../../../domain/features/definitions.ts';
import { snapshotView } from '../../../domain/features/resolve.ts';
import type { FeatureRegistry } from '../../../ports/feature-registry.ts';
import type { OnlineStore } from '../../../ports/online-store.ts';
import type { PushLog } from '../../../ports/push-log.ts';
import { memoryLog } from '../../api/harness.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { until } from '../../support/worker-process.ts';
import { openRedisHarness, type RedisHarness } from '../redis/harness.ts';

const user = defineEntity({ name: 'user', joinKey: 'user_id', valueType: 'Int64' });
const definitions = (features: readonly Field[]): FeatureRepository => ({
  entities: [user],
  featureServices: [],
  featureViews: [defineFeatureView({ name: 'clicks', entities: [user], features, ttlSeconds: null, source: { name: 'clicks', table: 'feature_mart.clicks', timestampField: 'event_timestamp' }, pushSource: { name: 'clicks_push' } })],
});
const COUNT: Field = { name: 'n', type: 'Int64' };
const EVENT = 1_700_000_000_000_000;

describe('pushed rows that waited while their view changed', () => {
  let database: TestDatabase;
  let client: pg.Client;
  let redis: RedisHarness;
  let store: OnlineStore;
  let pushLog: PushLog;
  let registry: FeatureRegistry;

  before(async () => {
    [database, redis] = await Promise.all([createTestDatabase(), openRedisHarness()]);
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query('CREATE SCHEMA feature_mart; CREATE TABLE feature_mart.clicks (user_id int8, n int8, m int8, event_timestamp timestamptz)');
    store = redis.connect(null);
    pushLog = createPostgresPushLog({ connectionString: database.url });
    await pushLog.prepare();
    registry = createFeastSqlRegistry({ connectionString: database.url, schema: 'feast_registry', project: `pushed_${randomBytes(6).toString('hex')}` });
  });
  after(async () => {
    await Promise.all([pushLog.close(), registry.close(), client.end()]);
    await redis.close();
    await database.drop();
  });

  /** As if the API had died after it recorded the push: its rows are a minute old. */
  async function recordForLater(repository: FeatureRepository, userId: bigint): Promise<void> {
    const view = snapshotView(repository, 'clicks');
    const row = { key: [userId], values: view.features.map(() => 5n), eventTimestampMicros: EVENT, createdTimestampMicros: null, deleted: false };
    await pushLog.record([{ views: [{ view, rows: [row] }], online: true, receivedMicros: EVENT }]);
    await client.query("UPDATE push_log.pending SET recorded_at = recorded_at - interval '1 minute'");
  }
  async function deliver(): Promise<void> {
    const delivery = startPushDelivery({ pushLog, onlineStore: storeOfDefined({ featureRegistry: registry, onlineStore: store }), clock: { now: () => EVENT }, log: memoryLog().log, everyMs: 50 });
    await until(async () => (await pushLog.pendingRows()) === 0);
    await delivery.stop();
  }
  const online = async (repository: FeatureRepository, userId: bigint): Promise<readonly unknown[]> => {
    const view = snapshotView(repository, 'clicks');
    const [[row] = []] = await store.read([{ view, features: view.features.map(({ name }) => name), entityKeys: [[userId]] }]);
    return row?.eventTimestampMicros === undefined ? [] : row.values;
  };

  it('are delivered where the change leaves them right', async () => {
    const [before, after] = [definitions([COUNT]), definitions([COUNT, { name: 'm', type: 'Int64' }])];
    await registry.apply(before);
    await recordForLater(before, 1n);
    await registry.apply(after);
    await deliver();
    assert.deepEqual(await online(after, 1n), [5n, null]);
  });

  it('are refused for good, with the reason, where a type is another one now: nobody could read them', async () => {
    const [before, after] = [definitions([COUNT]), definitions([{ ...COUNT, type: 'Decimal' }])];
    await registry.apply(before);
    await recordForLater(before, 2n);
    await registry.apply(after);
    await deliver();
    assert.deepEqual(await online(after, 2n), []);
    const { rows } = await client.query<{ refused: string }>('SELECT refused FROM push_log.pending');
    assert.equal(rows.length, 1);
    assert.match(rows[0]!.refused, /"clicks" was changed since these rows were read or pushed \(n becomes Decimal \(was Int64\)\)/);
    assert.equal((await client.query('SELECT FROM feature_mart.clicks WHERE user_id = 2')).rowCount, 1, 'the table has them for the next materialization');
  });
});
