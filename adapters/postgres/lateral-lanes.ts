import type pg from 'pg';
import type { RecordBatch } from '../../domain/data/columns.ts';
import type { HistoricalFeaturesRequest } from '../../ports/warehouse.ts';
import type { BoundView } from './bind-join.ts';
import { BATCH_ROWS, copyRows } from './copy-rows.ts';
import { planLateralJoin, type RowRange } from './lateral-join.ts';
import { withClient, type PostgresConfig } from './pool.ts';
import { readAsOfOneMoment } from './shared-snapshot.ts';

/** Queries at a time: PostgreSQL looks rows up by one process for each. More would take the cores from whatever else the server does. */
const LANES = 2;
/** Rows of the spine to a query, which is a batch: so much is read ahead. */
const RANGE_ROWS = BATCH_ROWS;

export interface LateralJoin {
  readonly pool: pg.Pool;
  readonly config: PostgresConfig;
  readonly request: HistoricalFeaturesRequest;
  readonly views: readonly BoundView[];
}

/**
 * The rows of the strategy `warehouse`, from a row number of the spine on. A long spine is joined range by range, two ranges at a time and as of one moment, over connections of its own; one query does all
 * where the spine is short, where sources must be copied first (a temporary table is one connection's), and where the configuration allows too few connections.
 */
export async function* lateralJoin({ pool, config, request, views }: LateralJoin, fromRow: number): AsyncGenerator<RecordBatch> {
  const { before, columns, copies, select } = await withClient(pool, (client) => planLateralJoin(client, request, views));
  const ranges = rowRanges(fromRow, request.spine.rowCount);
  const isShort = ranges.length <= LANES;
  const { maxConnections = Infinity, connectionString } = config;
  if (isShort || copies.length > 0 || maxConnections <= LANES) {
    yield* copyRows({ pool, connectionString, columns, select: select({ from: fromRow }), before: [...before, ...copies], signal: request.signal });
    return;
  }
  yield* readAsOfOneMoment(config, LANES, request.signal, ({ read }) => inOrder(ranges, async (range) => {
    const batches: RecordBatch[] = [];
    for await (const batch of read({ columns, select: select(range), before })) batches.push(batch);
    return batches;
  }));
}

/** The last one has no end, so that no row is lost whatever the spine's reference says of their number. */
function rowRanges(from: number, rowCount: number): readonly RowRange[] {
  const count = Math.max(1, Math.ceil((rowCount - from) / RANGE_ROWS));
  return Array.from({ length: count }, (_, i) => ({ from: from + i * RANGE_ROWS, ...(i < count - 1 && { to: from + (i + 1) * RANGE_ROWS }) }));
}

/** Results of the ranges, in their order; LANES of them are under way while the reader works. */
async function* inOrder(ranges: readonly RowRange[], join: (range: RowRange) => Promise<readonly RecordBatch[]>): AsyncGenerator<RecordBatch> {
  const underWay: Promise<readonly RecordBatch[]>[] = [];
  const start = (range: RowRange | undefined): void => {
    if (range === undefined) return;
    const joined = join(range);
    joined.catch(() => undefined); // thrown where it is awaited
    underWay.push(joined);
  };
  ranges.slice(0, LANES).forEach(start);
  for (let i = 0; i < ranges.length; i++) {
    const batches = await underWay.shift()!;
    start(ranges[i + LANES]);
    yield* batches;
  }
}
