import { describePushLog, type PushLogHarness } from '../../contracts/push-log.ts';
import { openBigQueryPushHarness } from './push-harness.ts';

async function openHarness(): Promise<PushLogHarness> {
  const harness = await openBigQueryPushHarness();
  const { mart, query, redis, ledgerKey } = harness;
  await harness.createTable('v', 'k INT64, x INT64, event_timestamp TIMESTAMP, created_timestamp TIMESTAMP');
  return {
    open: () => harness.open(),
    clear: async () => {
      await harness.clearLedger();
      await query(`DELETE FROM ${mart}.v WHERE TRUE`);
    },
    rows: async (key) => {
      const rows = await query<{ x: number | null; created: number }>(`SELECT x, UNIX_MICROS(created_timestamp) AS created FROM ${mart}.v WHERE k = ${key} ORDER BY created, x IS NULL, x`);
      return rows.map(({ x, created }) => [x, created]);
    },
    count: async () => (await query<{ n: number }>(`SELECT COUNT(*) AS n FROM ${mart}.v`))[0]!.n,
    makeDue: async () => {
      const key = ledgerKey('later');
      for (const id of await redis.zrange(key, '0', '-1')) await redis.zadd(key, '0', id);
    },
    close: () => harness.close(),
  };
}

describePushLog('BigQuery', openHarness, 2);
