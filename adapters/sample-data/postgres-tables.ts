import type pg from 'pg';
import { PipelineError } from '../../domain/errors.ts';
import type { FeatureTable } from './feature-sql.ts';

/** Makes the table from the query's rows, in place of the one that is there; the number of rows. The names come from this project's own files. */
export async function replaceTable(client: pg.ClientBase, table: string, query: string, values: readonly number[]): Promise<number> {
  try {
    await client.query(`DROP TABLE IF EXISTS ${table}`);
  } catch (error) {
    if ((error as { code?: unknown }).code !== '2BP01') throw error;
    throw new PipelineError('CONFLICT', `${table} cannot be replaced, since other objects of the database depend on it: ${(error as { detail?: string }).detail ?? ''}`, { cause: error });
  }
  const { rowCount } = await client.query(`CREATE TABLE ${table} AS ${query}`, [...values]);
  return rowCount ?? 0;
}

/** What the index is of. A part of what a load is known by: tables with another one are loaded anew. */
export const FEATURE_INDEX = 'join keys, event_timestamp DESC, created_timestamp DESC, NOT NULL';

/**
 * Indexes the table as point-in-time joins look rows up: join keys (the columns before `event_timestamp`), newest first. Refuses two rows of one key and instant, unless they became known at
 * different times: such a row corrects the other.
 */
export async function indexFeatureTable(client: pg.ClientBase, table: FeatureTable): Promise<void> {
  const { rows } = await client.query<{ column: string }>(
    'SELECT quote_ident(attname) AS column FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 ORDER BY attnum',
    [`feature_mart.${table.name}`],
  );
  const columns = rows.map((row) => row.column);
  const keys = columns.slice(0, Math.max(0, columns.indexOf('event_timestamp')));
  if (keys.length === 0) {
    throw new PipelineError('INVALID_INPUT', `${table.name}.sql must give its join keys first and event_timestamp after them; its columns are ${columns.join(', ')}.`);
  }
  const created = columns.filter((column) => column === 'created_timestamp');
  for (const column of created) await client.query(`ALTER TABLE feature_mart.${table.name} ALTER COLUMN ${column} SET NOT NULL`);
  await client.query(`CREATE UNIQUE INDEX ON feature_mart.${table.name} (${[...keys, 'event_timestamp DESC', ...created.map((column) => `${column} DESC`)].join(', ')})`);
}
