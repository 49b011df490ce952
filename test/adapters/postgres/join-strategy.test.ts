import assert from 'node:assert/strict';
import type { HistoricalFeaturesRequest } from '../../../ports/warehouse.ts';
import { collectRows, viewOf } from '../../contracts/warehouse-harness.ts';
import { openPostgres } from './harness.ts';
import type { PostgresHarness } from './harness.ts';

describe('the strategy of a point-in-time join', () => {
  let harness: PostgresHarness;
  const SPINE = [{ name: 'k', type: 'Int64' }, { name: 'event_timestamp', type: 'Timestamp' }] as const;
  const START = Date.parse('2026-01-01T00:00:00Z') * 1000;
  before(async () => {
    harness = await openPostgres();
    // One entity is known to the statistics; 30,000 come later.
    await harness.client.query(`CREATE TABLE feature_mart.grown (k bigint, at timestamptz, x double precision) WITH (autovacuum_enabled = off);
      INSERT INTO feature_mart.grown SELECT 0, timestamptz '2026-01-01Z' + g * interval '1 second', g FROM generate_series(0, 1999) AS g;
      CREATE INDEX ON feature_mart.grown (k, at); ANALYZE feature_mart.grown;
      INSERT INTO feature_mart.grown SELECT g, timestamptz '2026-01-01Z' + g * interval '1 second', g / 7.0 FROM generate_series(1, 29999) AS g;
      CREATE TABLE spine_data.s AS SELECT g AS row_number, g AS k, timestamptz '2026-01-01Z' + (g - g % 3 + 1) * interval '1 second' AS event_timestamp FROM generate_series(0::bigint, 29999) AS g;
      CREATE INDEX ON spine_data.s (row_number); ANALYZE spine_data.s`);
  });
  after(() => harness.close());

  const view = viewOf({ name: 'grown', joinKeys: [{ name: 'k', type: 'Int64' }], features: [{ name: 'x', type: 'Float64' }], source: { name: 'grown', table: 'feature_mart.grown', timestampField: 'at' } });
  const join = (extra: Partial<HistoricalFeaturesRequest>, rowCount = 30_000) => harness.warehouse.historicalFeatures({
    spine: { table: 'spine_data.s', rowCount, schema: SPINE, asOfMicros: START + 40_000_000_000 }, timestampColumn: 'event_timestamp',
    selection: { views: [view], columns: [{ view: 'grown', feature: 'x', column: 'x' }] }, ...extra,
  });

  it('is chosen by the estimates: a few rows are looked up, many are merged', async () => {
    assert.equal((await join({}, 20)).strategy, 'warehouse');
    assert.equal((await join({}, 1_000_000)).strategy, 'snapshot');
    assert.equal((await join({ memoryBytes: 100 }, 1_000_000)).strategy, 'warehouse');
  });

  it('goes over to lookups at the row it has come to, where more entities come than were estimated', async () => {
    const stream = await join({ memoryBytes: 1_000_000 }, 1_000_000);
    assert.equal(stream.strategy, 'snapshot');
    const rows = await collectRows(stream);
    assert.equal(rows.length, 30_000);
    assert.deepEqual(rows, await collectRows(await join({ strategy: 'warehouse' })));
    await assert.rejects(async () => collectRows(await join({ strategy: 'snapshot', memoryBytes: 1_000_000 })), /Use the strategy "warehouse"/);
  });

  it('leaves no connection open when the reader stops, when it is aborted, and when it fails', async () => {
    const open = async (): Promise<number> => (await harness.client.query("SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'")).rowCount ?? 0;
    for await (const { rowCount } of (await join({ strategy: 'snapshot' })).batches) { assert.ok(rowCount > 0); break; }
    const controller = new AbortController();
    const aborted = (async () => { for await (const batch of (await join({ strategy: 'snapshot', signal: controller.signal })).batches) { assert.ok(batch.rowCount > 0); controller.abort(new Error('enough')); } })();
    await assert.rejects(aborted, /enough/);
    await assert.rejects(async () => collectRows(await join({ strategy: 'snapshot', memoryBytes: 1000 })), /memory/);
    for (let i = 0; i < 50 && (await open()) > 0; i++) await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(await open(), 0);
  });
});
