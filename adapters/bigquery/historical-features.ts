import { ROW_NUMBER } from '../../domain/data/spine-columns.ts';
import type { RecordBatch } from '../../domain/data/columns.ts';
import { PipelineError } from '../../domain/errors.ts';
import type { HistoricalFeaturesRequest, JoinedRows } from '../../ports/warehouse.ts';
import type { BigQueryConnection } from './connection.ts';
import { bindTables } from './join-bind.ts';
import { joinQuery } from './join-sql.ts';
import type { SpineWindow } from './join-sql.ts';
import { runForRows } from './result-rows.ts';
import { usageOf } from './run-query.ts';
import type { FinishedQuery } from './run-query.ts';
import { quoteIdentifier, quoteTableId, tableId } from './sql.ts';

/**
 * Warehouse.historicalFeatures: one query for all views, always by the strategy `warehouse`: reading the sources to here, as `snapshot` does, would cost more than joining them there.
 * All that does not fit between selection, spine and tables is refused at once, before anything is billed.
 */
export async function historicalFeatures(connection: BigQueryConnection, request: HistoricalFeaturesRequest): Promise<JoinedRows> {
  if (request.strategy === 'snapshot') throw new PipelineError('UNSUPPORTED', 'BigQuery joins where the data are: the strategy "snapshot" is not to be had. Use the strategy "warehouse" or "auto".');
  const { settings } = connection;
  const views = await bindTables(connection, request);
  const table = (name: string): string => quoteTableId(tableId(settings, name));
  const { spine, signal, step } = request;
  const found = views.length === 0 ? undefined : await spineWindow(connection, request, table(spine.table));
  const { sql, columns } = joinQuery(request, views, table(spine.table), table, found?.window);
  const { query, batches } = await runForRows(connection, { sql, columns, doing: `joining features to ${spine.table}`, step, rows: spine.rowCount, signal });
  if (query.rowCount !== spine.rowCount) throw new PipelineError('CONFLICT', `The spine ${spine.table} has ${query.rowCount} rows, and had ${spine.rowCount} when it was written: it was replaced. Start the run again.`);
  return { schema: columns.map(({ name, type }) => ({ name, type })), strategy: 'warehouse', batches, ...usageOf(found === undefined ? [query] : [found.query, query]) };
}

/** The spine's first and last instant: one column of it is read. undefined: it has none. */
async function spineWindow(connection: BigQueryConnection, { spine, timestampColumn, step, signal }: HistoricalFeaturesRequest, table: string): Promise<{ readonly query: FinishedQuery; readonly window: SpineWindow | undefined }> {
  const time = quoteIdentifier(timestampColumn);
  const { query, batches } = await runForRows(connection, {
    sql: `SELECT 0 AS ${ROW_NUMBER}, MIN(${time}) AS a, MAX(${time}) AS b FROM ${table}`,
    columns: [{ name: 'first', type: 'Timestamp', source: 'a' }, { name: 'last', type: 'Timestamp', source: 'b' }],
    doing: `finding the instants of ${spine.table}`, step, rows: 1, signal,
  });
  for await (const batch of batches) return { query, window: windowOf(batch) };
  return { query, window: undefined };
}

function windowOf({ columns: [first, last] }: RecordBatch): SpineWindow | undefined {
  return first?.nulls?.[0] === 1 ? undefined : { first: Number(first!.values[0]), last: Number(last!.values[0]) };
}
