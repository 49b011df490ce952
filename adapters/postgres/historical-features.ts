import type pg from 'pg';
import type { RecordBatch } from '../../domain/data/columns.ts';
import type { HistoricalFeaturesRequest, JoinStrategy, JoinedRows } from '../../ports/warehouse.ts';
import { bindTables } from './bind-join.ts';
import { chooseStrategy } from './join-strategy.ts';
import { joinedColumns } from './lateral-join.ts';
import { lateralJoin, type LateralJoin } from './lateral-lanes.ts';
import { withClient } from './pool.ts';
import type { PostgresConfig } from './pool.ts';
import { JoinTooLargeError, snapshotJoin } from './snapshot-join.ts';

/** What the strategy `snapshot` may keep in memory, unless the request says otherwise. */
const MEMORY_BYTES = 256 * 2 ** 20;

interface Join extends LateralJoin {
  readonly memoryBytes: number;
}

/** Warehouse.historicalFeatures. All that does not fit between selection, spine and tables is refused at once, before a row is read. */
export async function historicalFeatures(pool: pg.Pool, config: PostgresConfig, request: HistoricalFeaturesRequest): Promise<JoinedRows> {
  const memoryBytes = request.memoryBytes ?? MEMORY_BYTES;
  const wish = request.strategy ?? 'auto';
  const { views, strategy } = await withClient(pool, async (client) => {
    const bound = await bindTables(client, request);
    return { views: bound, strategy: wish === 'auto' ? await chooseStrategy(client, request, bound, memoryBytes) : wish };
  });
  const { spine, features } = joinedColumns(request, views);
  const join: Join = { pool, config, request, views, memoryBytes };
  return { schema: [...spine, ...features].map(({ name, type }) => ({ name, type })), strategy, batches: joined(join, strategy, wish === 'auto') };
}

/** `yielding`: where the estimates were too low and memory does not suffice, the other strategy goes on with the row that the first has come to. */
async function* joined(join: Join, strategy: JoinStrategy, yielding: boolean): AsyncGenerator<RecordBatch> {
  let rows = 0;
  if (strategy === 'snapshot') {
    try {
      for await (const batch of snapshotJoin(join)) {
        rows += batch.rowCount;
        yield batch;
      }
      return;
    } catch (error) {
      if (!yielding || !(error instanceof JoinTooLargeError)) throw error;
    }
  }
  yield* lateralJoin(join, rows);
}
