import assert from 'node:assert/strict';
import { createPostgresWarehouse } from '../../../adapters/postgres/warehouse.ts';
import type { RecordBatch } from '../../../domain/data/columns.ts';
import type { ValueType } from '../../../domain/features/value-types.ts';
import type { HistoricalFeaturesRequest, JoinedRows } from '../../../ports/warehouse.ts';
import { collectRows, viewOf } from '../../contracts/warehouse-harness.ts';
import { openPostgres } from './harness.ts';
import type { PostgresHarness } from './harness.ts';

const ROWS = 60_000;

describe('lookups for a long spine', () => {
  let harness: PostgresHarness;
  before(async () => {
    harness = await openPostgres();
    await harness.client.query(`CREATE TABLE feature_mart.f AS SELECT g AS k, timestamptz '2026-01-01Z' + g * interval '1 second' AS at, g AS n FROM generate_series(0::bigint, 999) AS g;
      CREATE UNIQUE INDEX ON feature_mart.f (k, at);
      CREATE TABLE spine_data.s AS SELECT g AS row_number, (g * 7) % 1100 AS k, timestamptz '2026-01-02Z' + g * interval '1 second' AS event_timestamp FROM generate_series(0::bigint, ${ROWS - 1}) AS g;
      ALTER TABLE spine_data.s ADD PRIMARY KEY (row_number); ANALYZE`);
  });
  after(() => harness.close());

  const request = (extra: Partial<HistoricalFeaturesRequest> = {}, type: ValueType = 'Int64', table = 'feature_mart.f'): HistoricalFeaturesRequest => ({
    spine: { table: 'spine_data.s', rowCount: ROWS, schema: [{ name: 'k', type: 'Int64' }, { name: 'event_timestamp', type: 'Timestamp' }], asOfMicros: Date.parse('2026-02-01Z') * 1000 }, timestampColumn: 'event_timestamp', strategy: 'warehouse',
    selection: { views: [viewOf({ name: 'f', joinKeys: [{ name: 'k', type: 'Int64' }], features: [{ name: 'n', type }], source: { name: 'f', table, timestampField: 'at' } })], columns: [{ view: 'f', feature: 'n', column: 'n' }] }, ...extra,
  });
  const joined = async (maxConnections: number | undefined, wanted = request()): Promise<readonly unknown[]> => {
    const warehouse = createPostgresWarehouse({ connectionString: harness.url, ...(maxConnections !== undefined && { maxConnections }) });
    try {
      return await collectRows(await warehouse.historicalFeatures(wanted));
    } finally {
      await warehouse.close();
    }
  };
  /** Connections that are at work, the test's own not counted. */
  const atWork = async (): Promise<number> => (await harness.client.query("SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'")).rowCount ?? 0;
  const untilIdle = async (): Promise<number> => {
    for (let i = 0; i < 100 && (await atWork()) > 0; i++) await new Promise((resolve) => setTimeout(resolve, 50));
    return atWork();
  };
  const batchesOf = (stream: JoinedRows): AsyncIterator<RecordBatch> => stream.batches[Symbol.asyncIterator]();

  it('give the same rows in the same order by several connections and by one, also where the number of rows that the spine is said to have is wrong', async () => {
    const one = await joined(1);
    assert.equal(one.length, ROWS);
    assert.deepEqual((one as bigint[][]).map(([k, , n]) => n === k || (n === null && k! > 999n)), one.map(() => true));
    assert.deepEqual(await joined(undefined), one);
    for (const rowCount of [ROWS - 8000, ROWS + 30_000]) assert.deepEqual(await joined(undefined, request({ spine: { ...request().spine, rowCount } })), one);
  });

  it('see the tables as they were at one moment, and are made by two connections at a time', async () => {
    const batches = batchesOf(await harness.warehouse.historicalFeatures(request()));
    const rows = (await batches.next()).value!.rowCount as number;
    assert.ok(rows < ROWS / 4, 'most are not read yet');
    assert.ok((await atWork()) <= 3, 'two of them and the one whose view of the data they share');
    await harness.client.query('UPDATE feature_mart.f SET n = -1');
    try {
      let [all, old] = [rows, true];
      for (let next = await batches.next(); next.done !== true; next = await batches.next()) {
        all += next.value.rowCount;
        old &&= !(next.value.columns[2]!.values as BigInt64Array).includes(-1n);
      }
      assert.deepEqual([all, old], [ROWS, true]);
    } finally {
      await harness.client.query('UPDATE feature_mart.f SET n = k');
    }
  });

  it('do not wait for connections that other joins have', async () => {
    const warehouse = createPostgresWarehouse({ connectionString: harness.url, maxConnections: 3 });
    const counts = await Promise.all(Array.from({ length: 5 }, async () => (await collectRows(await warehouse.historicalFeatures(request()))).length));
    await warehouse.close();
    assert.deepEqual(counts, counts.map(() => ROWS));
  });

  it('leave nothing open when the reader stops, when it is aborted, and when a value of a later range is refused', async () => {
    for await (const { rowCount } of (await harness.warehouse.historicalFeatures(request())).batches) { assert.ok(rowCount > 0); break; }
    const controller = new AbortController();
    await assert.rejects(async () => {
      for await (const { rowCount } of (await harness.warehouse.historicalFeatures(request({ signal: controller.signal }))).batches) {
        assert.ok(rowCount > 0);
        controller.abort(new Error('enough'));
      }
    }, /enough/);
    await harness.client.query("CREATE TABLE feature_mart.large AS SELECT k, at, n FROM feature_mart.f; INSERT INTO feature_mart.large SELECT 1, timestamptz '2026-01-02 14:00Z', 9876543210; CREATE UNIQUE INDEX ON feature_mart.large (k, at); ANALYZE feature_mart.large");
    let before = 0;
    await assert.rejects(async () => {
      for await (const { rowCount } of (await harness.warehouse.historicalFeatures(request({}, 'Int32', 'feature_mart.large'))).batches) before += rowCount;
    }, (error: Error & { code?: string }) => error.code === 'INVALID_DATA' && /integer out of range/.test(error.message));
    assert.ok(before >= 8192 && before < 50_400, `${before} rows came before the one whose value does not fit`);
    assert.equal(await untilIdle(), 0);
  });
});
