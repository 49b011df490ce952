import { refuseProblems } from '../../domain/errors.ts';
import type { PlannedRead } from '../../ports/warehouse.ts';
import type { BigQueryConnection } from './connection.ts';
import { describeBigQueryTable } from './describe.ts';
import { dryRun } from './dry-run.ts';
import { newestQuery } from './newest-query.ts';
import { boundParameters } from './query-parameters.ts';
import { sliceLayout } from './slice-layout.ts';
import { quoteTableId, tableId } from './sql.ts';
import { bindSource } from './view-source.ts';

/** Warehouse.processedBytes: by dry runs, which are free. */
export async function processedBytes(connection: BigQueryConnection, read: PlannedRead): Promise<number> {
  if ('query' in read) return (await dryRun(connection, { sql: read.query.sql.replace(/[\s;]+$/, ''), parameters: boundParameters(read.query.values), step: 'measuring a query' })).bytes;
  const { view } = read.newestRows;
  const { source, problems } = bindSource(view, await describeBigQueryTable(connection, view.source.table));
  refuseProblems('INVALID_DEFINITION', `Feature view ${view.name} does not fit its table.`, problems);
  const sql = newestQuery(source!, quoteTableId(tableId(connection.settings, view.source.table)), read.newestRows, sliceLayout(0, 1, 1));
  return (await dryRun(connection, { sql, step: `measuring the rows of ${view.name}` })).bytes;
}
