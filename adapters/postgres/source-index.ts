import type pg from 'pg';
import { isInstant } from './column-types.ts';
import { quoteIdentifier, quoteTable } from './pool.ts';
import type { ViewSource } from './view-source.ts';

/** Whether the view's table has a valid, whole B-tree index that begins with the join keys in any order and goes on with the event timestamp: one lookup then finds the newest row. */
export async function hasPointInTimeIndex(client: pg.PoolClient, { view, joinKeys, eventTimestamp }: ViewSource): Promise<boolean> {
  const indexes = await wholeIndexes(client, view.source.table);
  const keys = new Set(joinKeys.map(({ columnName }) => columnName));
  const time = eventTimestamp.columnName;
  return indexes.some(({ columns }) => columns[keys.size]?.name === time && columns.slice(0, keys.size).every(({ name }) => name !== null && keys.has(name)));
}

/** By what rows of one entity differ for certain: by event timestamp; or by that and the created timestamp, of which none is missing; undefined: perhaps by nothing. */
export type RowsApart = 'event' | 'event and created' | undefined;

/**
 * What the valid unique indexes of the view's table say of that. A key of time counts in whole seconds, an index of it in microseconds, so an index with such a key says nothing.
 */
export async function rowsApart(client: pg.PoolClient, { view, joinKeys, eventTimestamp, createdTimestamp }: ViewSource): Promise<RowsApart> {
  const identifying = new Set([eventTimestamp, ...joinKeys.filter(({ family }) => !isInstant(family))].map(({ columnName }) => columnName));
  const unique = (await wholeIndexes(client, view.source.table)).filter((index) => index.unique);
  const isAmong = (names: ReadonlySet<string>) => ({ name }: IndexColumn): boolean => name !== null && names.has(name);
  if (unique.some(({ columns }) => columns.every(isAmong(identifying)))) return 'event';
  if (createdTimestamp === undefined) return undefined;
  const created = createdTimestamp.columnName;
  const withCreated = unique.some(({ columns }) => columns.every(isAmong(new Set([...identifying, created]))) && columns.some(({ name, required }) => name === created && required));
  return withCreated ? 'event and created' : undefined;
}

/** A column of an index; `name` null: an expression. `required`: it may not be null. */
interface IndexColumn {
  readonly name: string | null;
  readonly required: boolean;
}

/** The valid B-tree indexes of all rows of a table, with their columns in order. `unique`: of the rows of its heirs, too. */
async function wholeIndexes(client: pg.PoolClient, table: string): Promise<readonly { readonly unique: boolean; readonly columns: readonly IndexColumn[] }[]> {
  const { rows } = await client.query<{ unique: boolean; columns: IndexColumn[] }>(
    `SELECT i.indisunique AND (t.relkind = 'p' OR NOT t.relhassubclass) AS unique,
            (SELECT json_agg(json_build_object('name', a.attname, 'required', coalesce(a.attnotnull, false)) ORDER BY k.position) FROM unnest(i.indkey) WITH ORDINALITY AS k(attnum, position)
             LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum WHERE k.position <= i.indnkeyatts) AS columns
     FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam
     WHERE i.indrelid = to_regclass($1) AND i.indisvalid AND i.indpred IS NULL AND m.amname = 'btree'`,
    [quoteTable(table)],
  );
  return rows;
}

/**
 * Statements that copy what a join needs of the view's table into a temporary table with such an index. For views over queries and tables without the index,
 * where every lookup would read the whole table.
 */
export function indexedCopy({ view, joinKeys, features, eventTimestamp, createdTimestamp, deleted }: ViewSource, copy: string): string[] {
  const columns = new Set([...joinKeys, eventTimestamp, ...[createdTimestamp, deleted].filter((column) => column !== undefined), ...features].map(({ raw }) => raw));
  const table = quoteTable(copy);
  const time = quoteIdentifier(eventTimestamp.columnName);
  return [
    `CREATE TEMP TABLE ${quoteIdentifier(copy.split('.').at(-1)!)} ON COMMIT DROP AS SELECT ${[...columns].join(', ')} FROM ${quoteTable(view.source.table)} AS f`,
    `CREATE INDEX ON ${table} (${[...joinKeys.map((key) => quoteIdentifier(key.columnName)), `${time} DESC`].join(', ')})`,
    `ANALYZE ${table}`,
  ];
}
