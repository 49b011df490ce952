import assert from 'node:assert/strict';
import { createBigQueryWarehouse } from '../../../adapters/bigquery/warehouse.ts';
import { columnValue } from '../../../domain/features/canonical.ts';
import { NOW, rowOf, view, type Said } from '../../contracts/push-log.ts';
import { openBigQueryPushHarness, type BigQueryPushHarness } from './push-harness.ts';

describe('Pushes whose ledger is lost', function () {
  this.timeout(30_000);
  let harness: BigQueryPushHarness;
  before(async () => {
    harness = await openBigQueryPushHarness();
    await harness.createTable('v', 'k INT64, x INT64, event_timestamp TIMESTAMP, created_timestamp TIMESTAMP');
  });
  after(() => harness.close());

  it('stay in the table: the next incremental materialization finds them, and the same push again changes no value', async () => {
    const log = harness.open();
    await log.prepare();
    const record = (said: readonly Said[], at: number) => log.record([{ receivedMicros: NOW + at, views: [{ view, rows: said.map((one) => rowOf(one)) }], online: true }]);
    await record([{ key: 1, x: 1 }, { key: 2, x: 5 }], 10);
    await record([{ key: 1, x: 2 }], 20);
    await harness.clearLedger();
    assert.equal(await log.pendingRows(), 0);
    const warehouse = createBigQueryWarehouse(harness.connection.settings);
    const newest = async (): Promise<unknown[][]> => {
      const { batches } = await warehouse.newestRows({ view, startMicros: NOW - 86_400_000_000, endMicros: NOW + 1_000, visibleAfterMicros: NOW - 1, slice: { index: 0, count: 1 } });
      const found: unknown[][] = [];
      for await (const { columns, rowCount } of batches) for (let row = 0; row < rowCount; row++) found.push(columns.slice(0, 2).map((column) => columnValue(column, row)));
      return found;
    };
    try {
      assert.deepEqual(await newest(), [[1n, 2n], [2n, 5n]]);
      await record([{ key: 1, x: 2 }], 30);
      assert.deepEqual(await newest(), [[1n, 2n], [2n, 5n]]);
    } finally {
      await warehouse.close();
    }
  });
});
