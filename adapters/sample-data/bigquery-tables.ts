import { told } from '../bigquery/call-failure.ts';
import type { BigQueryConnection } from '../bigquery/connection.ts';
import { legalLabels } from '../bigquery/labels.ts';
import { runQuery, tableMetadata, type TableMetadata } from '../bigquery/run-query.ts';
import { quoteIdentifier, quoteTableId, type TableId } from '../bigquery/sql.ts';
import { PipelineError } from '../../domain/errors.ts';
import { LOAD_LABEL } from './bigquery-data-load.ts';

/** A load under way. */
export interface Loading {
  readonly connection: BigQueryConnection;
  readonly loadId: string;
}

/** How a table is laid out: nothing for one that is small. */
export interface Layout {
  readonly partition?: { readonly column: string; readonly unit: 'DAY' | 'MONTH' };
  readonly clustering: readonly string[];
}

/** A part of what a load is known by: tables of another layout are loaded anew. */
export const LAYOUT_RULES = 'DAY or MONTH of the time; join keys';
/** A job may write into 4,000 partitions, a table may have 10,000 (cloud.google.com/bigquery/quotas, partitioned tables); a table is written by one job. */
const MOST_PARTITIONS = 4000;
/** cloud.google.com/bigquery/docs/clustered-tables, limitations */
const MOST_CLUSTERING_COLUMNS = 4;

const DESCRIPTION = 'Sample data of ml-pipeline: data load puts a new table in the place of this one.';

/** Days where one job can write so many, else months. */
export function layoutFor(column: string, days: number, keys: readonly string[]): Layout {
  return { partition: { column, unit: days < MOST_PARTITIONS ? 'DAY' : 'MONTH' }, clustering: keys.slice(0, MOST_CLUSTERING_COLUMNS) };
}

/** Puts the staged rows in the place of the table's, whole, by one statement that gives it the load's label; the number of rows. `columnTexts`: what its columns mean. */
export async function putInPlace({ connection, loadId }: Loading, table: TableId, staged: TableId, layout: Layout, columnTexts: readonly string[] = []): Promise<number> {
  const step = `making the table ${table.datasetId}.${table.tableId}`;
  await removeWhereOther(connection, table, layout, step);
  const labels = Object.entries(legalLabels({ ...connection.settings.labels, app: 'ml-pipeline', [LOAD_LABEL]: loadId })).map(([key, value]) => `('${key}', '${value}')`);
  const sql = [
    `CREATE OR REPLACE TABLE ${quoteTableId(table)}`,
    ...(layout.partition === undefined ? [] : [`PARTITION BY TIMESTAMP_TRUNC(${quoteIdentifier(layout.partition.column)}, ${layout.partition.unit})`]),
    ...(layout.clustering.length === 0 ? [] : [`CLUSTER BY ${layout.clustering.map(quoteIdentifier).join(', ')}`]),
    `OPTIONS (description = ${quoteText([DESCRIPTION, ...columnTexts].join(' '))}, labels = [${labels.join(', ')}])`,
    `AS SELECT * FROM ${quoteTableId(staged)}`,
  ].join('\n');
  const { rowCount } = await runQuery(connection, {
    sql, table, step, jobKey: `data load ${loadId} ${step}`, isOurs: ({ labels: found }) => found?.[LOAD_LABEL] === loadId, labels: { step: 'data_load' },
  });
  return rowCount;
}

function quoteText(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}

type Placed = TableMetadata & { readonly type?: string; readonly timePartitioning?: { readonly type?: string; readonly field?: string }; readonly clustering?: { readonly fields?: readonly string[] } };

/** A table cannot be replaced by one that is divided otherwise (cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language, CREATE TABLE): it is removed first. */
async function removeWhereOther(connection: BigQueryConnection, table: TableId, { partition, clustering }: Layout, step: string): Promise<void> {
  const there = (await told(tableMetadata(connection, table), step, connection.settings)) as Placed | undefined;
  if (there === undefined) return;
  if (there.type !== undefined && there.type !== 'TABLE') {
    throw new PipelineError('CONFLICT', `${table.datasetId}.${table.tableId} cannot be made: there is a ${there.type.toLowerCase()} of that name. Remove or rename it, or name other data sets in warehouse.datasets.`);
  }
  const same = there.timePartitioning?.type === partition?.unit && there.timePartitioning?.field === partition?.column && (there.clustering?.fields ?? []).join() === clustering.join();
  if (!same) await remove(connection, table);
}

/** Removes a table, where it is there. */
export async function remove({ client, settings }: BigQueryConnection, { projectId, datasetId, tableId }: TableId): Promise<void> {
  await told(client.dataset(datasetId, { projectId }).table(tableId).delete({ ignoreNotFound: true }), `removing the table ${datasetId}.${tableId}`, settings);
}

/** Runs a query that gives one row of whole numbers. */
export async function wholeNumbers<T extends string>({ connection, loadId }: Loading, sql: string, step: string): Promise<Readonly<Record<T, number>>> {
  const { client, settings } = connection;
  const { jobId } = await runQuery(connection, { sql, step, jobKey: `data load ${loadId} ${step}`, labels: { step: 'data_load' } });
  const [rows] = (await told(client.job(jobId, { location: settings.location }).getQueryResults({ maxResults: 1, autoPaginate: false }), step, settings)) as unknown as readonly [readonly Readonly<Record<T, number | null>>[]];
  const row = rows[0];
  if (row === undefined) throw new PipelineError('UNAVAILABLE', `BigQuery, ${step}: a count has no result. Try again.`);
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, Number(value ?? 0)])) as Record<T, number>;
}
