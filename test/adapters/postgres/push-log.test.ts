import assert from 'node:assert/strict';
import pg from 'pg';
import { describePostgresTable } from '../../../adapters/postgres/describe.ts';
import { createPostgresPushLog } from '../../../adapters/postgres/push-log.ts';
import { tableRows } from '../../../adapters/postgres/push-rows.ts';
import { PipelineError } from '../../../domain/errors.ts';
import type { PushedRows } from '../../../domain/features/pushed-rows.ts';
import type { PushLog } from '../../../ports/push-log.ts';
import { describePushLog, NOW, rowOf, view, type PushLogHarness, type Said } from '../../contracts/push-log.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

const TABLE = 'CREATE SCHEMA feature_mart; CREATE TABLE feature_mart.v (k int8, x int8, event_timestamp timestamptz, created_timestamp timestamptz)';

async function openHarness(): Promise<PushLogHarness & { readonly client: pg.Client }> {
  const database: TestDatabase = await createTestDatabase();
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query(TABLE);
  const opened: PushLog[] = [];
  return {
    client,
    open: () => {
      const one = createPostgresPushLog({ connectionString: database.url });
      opened.push(one);
      return one;
    },
    clear: async () => void (await client.query('TRUNCATE feature_mart.v, push_log.events, push_log.pending')),
    rows: async (key) => {
      const { rows } = await client.query<{ x: string | null; created: string }>('SELECT x, (extract(epoch FROM created_timestamp) * 1000000)::int8 AS created FROM feature_mart.v WHERE k = $1 ORDER BY created, x', [key]);
      return rows.map(({ x, created }) => [x === null ? null : Number(x), Number(created)]);
    },
    count: async () => (await client.query('SELECT FROM feature_mart.v')).rowCount!,
    makeDue: async () => void (await client.query("UPDATE push_log.pending SET due_at = due_at - interval '1 day'")),
    close: async () => {
      await Promise.all(opened.map((one) => one.close()));
      await client.end();
      await database.drop();
    },
  };
}

describePushLog('PostgreSQL', openHarness, 50);

describe('The log of pushes in PostgreSQL alone', function () {
  this.timeout(60_000);
  let harness: Awaited<ReturnType<typeof openHarness>>;
  let client: pg.Client;
  let log: PushLog;
  before(async () => {
    harness = await openHarness();
    client = harness.client;
    log = harness.open();
    await log.prepare();
  });
  after(() => harness.close());
  beforeEach(() => harness.clear());

  /** Created timestamps, from NOW on, that the rows of a push got. */
  const record = async (said: readonly Said[], at: number, by = log): Promise<number[]> => {
    const [recorded] = await by.record([{ receivedMicros: NOW + at, views: [{ view, rows: said.map((one) => rowOf(one)) }], online: true }]);
    return recorded!.views[0]!.rows.map(({ createdTimestampMicros }) => createdTimestampMicros! - NOW);
  };
  const stored = async (key = 1): Promise<[x: number | null, created: number][]> => (await harness.rows(key)).map(([x, created]) => [x, created - NOW]);
  const [A, B] = [{ key: 1, x: 1 }, { key: 1, x: 2 }];

  it('brings the tables of an earlier version up to date, and knows what was recorded and what waits in them', async () => {
    const old = await createTestDatabase();
    const { connectionString, query, end } = await connect(old.url);
    const upgraded = createPostgresPushLog({ connectionString });
    try {
      await query(TABLE);
      await query(`CREATE SCHEMA push_log;
        CREATE TABLE push_log.events (digest bytea PRIMARY KEY, created_at timestamptz NOT NULL, recorded_at timestamptz NOT NULL DEFAULT clock_timestamp());
        CREATE INDEX events_recorded_at ON push_log.events USING brin (recorded_at);
        CREATE TABLE push_log.pending (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(), row_count integer NOT NULL, view text NOT NULL, rows text NOT NULL, refused text)`);
      const lines = tableRows([{ view, rows: [rowOf(A), rowOf({ ...A, key: 2 })] }], await describePostgresTable(client, 'feature_mart.v')).lines;
      for (const { values } of lines) await query('INSERT INTO push_log.events (digest, created_at) VALUES ($1, to_timestamp($2))', [values, NOW / 1e6]);
      await query('INSERT INTO push_log.pending (row_count, view, rows) VALUES (1, $1, $2)', [JSON.stringify(view), JSON.stringify([[['1'], ['1'], NOW - 1_000_000, NOW, false]])]);
      await Promise.all([upgraded.prepare(), upgraded.prepare()]);
      await upgraded.prepare();
      assert.equal(await upgraded.pendingRows(), 1);
      const delivered: PushedRows[] = [];
      assert.equal(await upgraded.deliver(0, (rows) => Promise.resolve(void delivered.push(rows))), 1);
      assert.deepEqual(delivered, [{ view, rows: [rowOf({ ...A, created: NOW })] }]);
      assert.deepEqual(await record([A, { key: 2, x: 1, created: NOW }], 10, upgraded), [0, 0], 'sent again after the upgrade');
      assert.deepEqual(await record([A, { key: 2, x: 1, created: NOW }], 20, upgraded), [0, 0]);
      assert.equal((await query('SELECT FROM feature_mart.v')).rowCount, 0);
      assert.deepEqual(await record([B], 30, upgraded), [30]);
      assert.deepEqual(await record([A], 40, upgraded), [40]);
    } finally {
      await upgraded.close();
      await end();
      await old.drop();
    }
  });

  it('says what to do where a unique index leaves no room for a correction, and writes nothing', async () => {
    await client.query('CREATE UNIQUE INDEX one_each ON feature_mart.v (k, event_timestamp)');
    try {
      await record([A], 10);
      await assert.rejects(record([{ key: 2, x: 1 }, B], 20), (error: unknown) => error instanceof PipelineError && error.code === 'CONFLICT' && !error.retryable && /feature_mart\.v .* one_each .*created timestamp/.test(error.message));
      assert.deepEqual(await stored(), [[1, 10]]);
      assert.deepEqual([await stored(2), await log.pendingRows()], [[], 1]);
      assert.deepEqual(await record([A], 30), [10], 'a repeat is none');
    } finally {
      await client.query('DROP INDEX feature_mart.one_each');
    }
    await client.query('CREATE UNIQUE INDEX each_known ON feature_mart.v (k, event_timestamp, created_timestamp)');
    assert.deepEqual(await record([B], 40), [40]);
    await client.query('DROP INDEX feature_mart.each_known');
  });
});

async function connect(url: string): Promise<{ readonly connectionString: string; readonly query: pg.Client['query']; readonly end: () => Promise<void> }> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return { connectionString: url, query: client.query.bind(client) as pg.Client['query'], end: () => client.end() };
}
