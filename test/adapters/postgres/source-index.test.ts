import assert from 'node:assert/strict';
import { hasPointInTimeIndex } from '../../../adapters/postgres/source-index.ts';
import { describePostgresTable } from '../../../adapters/postgres/describe.ts';
import { createPostgresPool, withClient } from '../../../adapters/postgres/pool.ts';
import { bindSource } from '../../../adapters/postgres/view-source.ts';
import { bindTables } from '../../../adapters/postgres/bind-join.ts';
import { planLateralJoin } from '../../../adapters/postgres/lateral-join.ts';
import type { HistoricalFeaturesRequest } from '../../../ports/warehouse.ts';
import { viewOf } from '../../contracts/warehouse-harness.ts';
import { openPostgres } from './harness.ts';
import type { PostgresHarness } from './harness.ts';
import type pg from 'pg';

describe('the index of a point-in-time join', () => {
  let harness: PostgresHarness;
  let pool: pg.Pool;
  before(async () => {
    harness = await openPostgres();
    pool = createPostgresPool({ connectionString: harness.url });
    await harness.client.query("CREATE TABLE feature_mart.f AS SELECT (g % 50)::bigint AS a, (g % 7)::text AS b, timestamptz '2023-01-01Z' + g * interval '1 minute' AS at, g AS x FROM generate_series(1, 20000) AS g");
    await harness.client.query("CREATE TABLE spine_data.s AS SELECT (g - 1)::bigint AS row_number, (g % 50)::bigint AS a, (g % 7)::text AS b, timestamptz '2023-01-10Z' + g * interval '1 minute' AS event_timestamp FROM generate_series(1, 2000) AS g");
    await harness.client.query('ALTER TABLE spine_data.s ADD PRIMARY KEY (row_number)');
    await harness.client.query('ANALYZE');
  });
  after(async () => {
    await pool.end();
    await harness.close();
  });

  const view = viewOf({ name: 'f', joinKeys: [{ name: 'a', type: 'Int64' }, { name: 'b', type: 'String' }], features: [{ name: 'x', type: 'Int64' }], source: { name: 'f', table: 'feature_mart.f', timestampField: 'at' }, ttlSeconds: 86_400 * 30 });
  const indexed = (): Promise<boolean> => withClient(pool, async (client) => hasPointInTimeIndex(client, bindSource(view, await describePostgresTable(client, view.source.table)).source!));
  const withIndex = async (columns: string): Promise<boolean> => {
    await harness.client.query(`CREATE INDEX probe ON feature_mart.f ${columns}`);
    try {
      return await indexed();
    } finally {
      await harness.client.query('DROP INDEX feature_mart.probe');
    }
  };

  const REQUEST = { spine: { table: 'spine_data.s', rowCount: 2000, asOfMicros: 0, schema: [{ name: 'a', type: 'Int64' }, { name: 'b', type: 'String' }, { name: 'event_timestamp', type: 'Timestamp' }] }, timestampColumn: 'event_timestamp', selection: { views: [view], columns: [{ view: 'f', feature: 'x', column: 'x' }] } } as const;
  const explain = (request: HistoricalFeaturesRequest): Promise<string> => withClient(pool, async (client) => {
    const { before, copies, select } = await planLateralJoin(client, request, await bindTables(client, request));
    await client.query('BEGIN');
    for (const statement of [...before, ...copies]) await client.query(statement);
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${select({ from: 0 })}`);
    await client.query('ROLLBACK');
    return rows.map((row) => row['QUERY PLAN']).join('\n');
  });

  it('is found when it begins with the join keys and goes on with the event timestamp', async () => {
    assert.equal(await indexed(), false);
    assert.deepEqual(await Promise.resolve(['(a, b, at DESC)', '(b, a, at)', '(a, b, at, x)']).then(async (all) => { const found = []; for (const columns of all) found.push(await withIndex(columns)); return found; }), [true, true, true]);
    const others = [];
    for (const columns of ['(a, at)', '(at, a, b)', '(a, b, x, at)', '(a, b, at) WHERE x > 5', '(a, lower(b), at)', 'USING hash (a)', '(a, b) INCLUDE (at)']) others.push(await withIndex(columns));
    assert.deepEqual(others, others.map(() => false));
    assert.equal(others.length, 7);
  });

  it('serves keys of char(n), uuid and time, whose spines hold text and instants', async () => {
    await harness.client.query(`CREATE TABLE feature_mart.kinds AS SELECT (g % 900)::text::char(6) AS c, md5((g % 900)::text)::uuid AS u, timestamptz '2023-01-01Z' + (g % 900) * interval '1 hour' AS t, timestamptz '2023-01-01Z' + g * interval '1 minute' AS at, g AS x FROM generate_series(1, 20000) AS g`);
    await harness.client.query("CREATE TABLE spine_data.kinds AS SELECT 0::bigint AS row_number, '7'::text AS c, md5('7') AS u, timestamptz '2023-01-01 07:00Z' AS t, timestamptz '2023-02-01Z' AS event_timestamp");
    for (const key of ['c', 'u', 't']) await harness.client.query(`CREATE INDEX ON feature_mart.kinds (${key}, at)`);
    await harness.client.query('ANALYZE');
    for (const [name, type] of [['c', 'String'], ['u', 'String'], ['t', 'UnixTimestamp']] as const) {
      const byKey = viewOf({ name, joinKeys: [{ name, type }], features: [{ name: 'x', type: 'Int64' }], source: { name, table: 'feature_mart.kinds', timestampField: 'at' } });
      const spine = { table: 'spine_data.kinds', rowCount: 1, asOfMicros: 0, schema: [{ name: 'event_timestamp', type: 'Timestamp' }] } as const;
      const plan = await explain({ spine, timestampColumn: 'event_timestamp', selection: { views: [byKey], columns: [{ view: name, feature: 'x', column: 'x' }] } });
      assert.match(plan, new RegExp(`Index Cond: \\(\\(+${name} `), plan);
    }
  });

  it('is walked to the first row, by the table itself or by a copy where the table has none', async () => {
    assert.match(await explain(REQUEST), /Index Scan using source_0_\w+ on source_0_/);
    await harness.client.query('CREATE INDEX point_in_time ON feature_mart.f (a, b, at DESC)');
    const plan = await explain(REQUEST);
    assert.match(plan, /Incremental Sort[\s\S]*Index Scan using point_in_time/);
    assert.doesNotMatch(plan, /Seq Scan|->  Sort/);
  });

  it('gives the newest row first by itself where it is unique and has both timestamps in one direction', async () => {
    await harness.client.query("CREATE TABLE feature_mart.dated AS SELECT a, b, at, at + interval '1 hour' AS created, x FROM feature_mart.f; ALTER TABLE feature_mart.dated ALTER COLUMN created SET NOT NULL");
    const dated = { ...view, source: { ...view.source, table: 'feature_mart.dated', createdTimestampColumn: 'created' } };
    const request = { ...REQUEST, selection: { views: [dated], columns: [{ view: 'f', feature: 'x', column: 'x' }] } };
    for (const [columns, sorted] of [['a, b, at, created', false], ['a, b, at DESC, created DESC', false], ['a, b, at DESC, created', true]] as const) {
      await harness.client.query(`CREATE UNIQUE INDEX newest ON feature_mart.dated (${columns}); ANALYZE feature_mart.dated`);
      const plan = await explain(request);
      assert.match(plan, /Index Scan (Backward )?using newest/);
      assert.equal(plan.includes('Sort'), sorted, columns);
      await harness.client.query('DROP INDEX feature_mart.newest');
    }
  });
});
