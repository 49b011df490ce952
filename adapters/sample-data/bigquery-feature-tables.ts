import { told } from '../bigquery/call-failure.ts';
import { runQuery, tableMetadata } from '../bigquery/run-query.ts';
import { quoteIdentifier, quoteTableId, type TableId } from '../bigquery/sql.ts';
import { PipelineError } from '../../domain/errors.ts';
import { STAGED_MS } from './bigquery-raw-tables.ts';
import { layoutFor, putInPlace, wholeNumbers, type Layout, type Loading } from './bigquery-tables.ts';
import type { FeatureTable } from './feature-sql.ts';

const EVENT = 'event_timestamp';
const CREATED = 'created_timestamp';

/** Runs the table's query into one of its own, and looks at its rows: what is to be put in place. */
export async function stageFeatureTable(loading: Loading, { name, sql }: FeatureTable, staged: TableId): Promise<Layout> {
  const { connection, loadId } = loading;
  const step = `making the rows of ${name}`;
  await runQuery(connection, { sql, step, jobKey: `data load ${loadId} ${step}`, destination: staged, expirationMillis: STAGED_MS, labels: { step: 'data_load' } });
  const metadata = await told(tableMetadata(connection, staged), step, connection.settings);
  return lookAt(loading, name, staged, (metadata?.schema?.fields ?? []).map((field) => field.name ?? ''));
}

/**
 * Refuses two rows of one key and instant, unless they became known at different times: such a row corrects the other. A row without one of them stands for itself, but the created
 * timestamp must not be missing.
 */
async function lookAt(loading: Loading, name: string, staged: TableId, columns: readonly string[]): Promise<Layout> {
  const keys = columns.slice(0, Math.max(0, columns.indexOf(EVENT)));
  if (keys.length === 0) throw new PipelineError('INVALID_INPUT', `${name}.sql must give its join keys first and ${EVENT} after them; its columns are ${columns.join(', ')}.`);
  const created = columns.filter((column) => column === CREATED).map(quoteIdentifier);
  const unique = [...[...keys, EVENT].map(quoteIdentifier), ...created];
  const known = unique.map((column) => `${column} IS NOT NULL`).join(' AND ');
  const day = `EXTRACT(DATE FROM ${EVENT})`;
  const rows = quoteTableId(staged);
  const found = await wholeNumbers<'missing' | 'days' | 'repeated'>(
    loading,
    `SELECT COUNTIF(${created.map((column) => `${column} IS NULL`).join('') || 'FALSE'}) AS missing, DATE_DIFF(MAX(${day}), MIN(${day}), DAY) AS days,
  (SELECT COUNT(*) FROM (SELECT 1 AS one FROM ${rows} WHERE ${known} GROUP BY ${unique.join(', ')} HAVING COUNT(*) > 1) AS groups_) AS repeated FROM ${rows}`,
    `looking at the rows of ${name}`,
  );
  if (found.missing > 0) throw refused(name, `${found.missing} rows without ${CREATED}`, 'Give each row the instant since which it is known.');
  if (found.repeated > 0) throw refused(name, `several rows of the same ${[...keys, EVENT, ...created.map(() => CREATED)].join(', ')}, ${found.repeated} times`, 'Give one row for each, or each another instant since which it is known.');
  return layoutFor(EVENT, found.days, keys);
}

function refused(name: string, what: string, cure: string): PipelineError {
  return new PipelineError('INVALID_DATA', `${name}.sql gives ${what}. Nothing of feature_mart was changed. ${cure}`);
}

/** Puts the staged rows in the table's place; the number of rows. */
export function makeFeatureTable(loading: Loading, table: TableId, staged: TableId, layout: Layout): Promise<number> {
  return putInPlace(loading, table, staged, layout);
}
