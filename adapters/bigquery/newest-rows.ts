import { PipelineError, refuseProblems } from '../../domain/errors.ts';
import type { NewestRowsRequest, RowStream } from '../../ports/warehouse.ts';
import type { BigQueryConnection } from './connection.ts';
import { describeBigQueryTable } from './describe.ts';
import { dryRun } from './dry-run.ts';
import { newestColumns, newestQuery, windowOf } from './newest-query.ts';
import type { NewestWindow } from './newest-query.ts';
import { queryRows } from './query-rows.ts';
import { chunkRows } from './read-ordered.ts';
import { readRows, runForResult } from './result-rows.ts';
import { runQuery, tableMetadata } from './run-query.ts';
import type { FinishedQuery } from './run-query.ts';
import { PART, partOf, sliceCountsSql, sliceLayout, slicePartitions } from './slice-layout.ts';
import type { SliceLayout } from './slice-layout.ts';
import { quoteTableId, tableId, wholeNumberLiteral } from './sql.ts';
import { bindSource } from './view-source.ts';
import type { ViewSource } from './view-source.ts';

/**
 * Warehouse.newestRows: the query has run when this resolves. It runs once for all slices of a step: the job of whichever slice comes first, and the table of its result, are
 * found by the others, and each reads the partitions that hold its rows.
 */
export async function newestRows(connection: BigQueryConnection, request: NewestRowsRequest): Promise<RowStream> {
  const { view, step, signal, slice: { index, count } } = request;
  if (!Number.isSafeInteger(count) || !Number.isSafeInteger(index) || count < 1 || index < 0 || index >= count) {
    throw new PipelineError('INVALID_INPUT', `Slice ${index} of ${count} does not exist: slices are numbered from 0.`);
  }
  const source = await sourceOf(connection, request);
  const rows = request.rows ?? (await countRows(connection, source, request));
  const table = quoteTableId(tableId(connection.settings, view.source.table));
  const columns = newestColumns(source);
  const layout = sliceLayout(rows, count, chunkRows(columns));
  const sql = newestQuery(source, table, request, layout);
  const doing = `reading the newest rows of ${view.name}`;
  const query = await runForResult(connection, { sql, doing, step, partitioning: slicePartitions(layout), signal });
  const rowCount = count === 1 ? query.rowCount : await rowsOfSlice(connection, query, layout, index, doing, signal);
  const batches = readRows(connection, { table: query.destination, rowCount, columns, signal, within: (start) => `${PART} = ${wholeNumberLiteral(partOf(layout, index, start))}` });
  return { schema: columns.map(({ name, type }) => ({ name, type })), batches };
}

/** Counted once for all slices; with the job whose result is counted in the key, since that may have to be made again. */
async function rowsOfSlice(connection: BigQueryConnection, { jobId, destination }: FinishedQuery, layout: SliceLayout, index: number, doing: string, signal: AbortSignal | undefined): Promise<number> {
  const { jobId: counting } = await runQuery(connection, { sql: sliceCountsSql(layout, destination), step: doing, jobKey: `${jobId} counted`, labels: { step: 'counting slices' }, signal });
  const counts = await queryRows<{ readonly slice: number; readonly row_count: number }>(connection, counting, doing);
  return counts.find(({ slice }) => slice === index)?.row_count ?? 0;
}

/** Warehouse.estimateRows: what BigQuery says of the query without running it; nothing is billed. */
export async function estimateRows(connection: BigQueryConnection, request: Omit<NewestRowsRequest, 'slice'>): Promise<number> {
  return countRows(connection, await sourceOf(connection, request), request);
}

/** An instant takes eight bytes, and a dry run tells how many bytes of the window's partitions the query would read; where it tells of none, the table's own number of rows counts. */
async function countRows(connection: BigQueryConnection, { view, eventTimestamp }: ViewSource, { startMicros, endMicros }: NewestWindow): Promise<number> {
  const table = tableId(connection.settings, view.source.table);
  const sql = `SELECT ${eventTimestamp.raw} AS e FROM ${quoteTableId(table)} AS f WHERE ${windowOf(eventTimestamp, startMicros, endMicros).join(' AND ')}`;
  const { bytes } = await dryRun(connection, { sql, step: `estimating the rows of ${view.name}` });
  return bytes > 0 ? Math.ceil(bytes / 8) : Number((await tableMetadata(connection, table))?.numRows ?? 0);
}

async function sourceOf(connection: BigQueryConnection, { view }: Pick<NewestRowsRequest, 'view'>): Promise<ViewSource> {
  const { source, problems } = bindSource(view, await describeBigQueryTable(connection, view.source.table));
  refuseProblems('INVALID_DEFINITION', `Feature view ${view.name} does not fit its table.`, problems);
  return source!;
}
