import type pg from 'pg';
import { PipelineError } from '../../domain/errors.ts';
import { suggestion } from '../../domain/nearest.ts';
import { nativeColumn, queryColumn } from './column-types.ts';
import type { NativeColumn } from './column-types.ts';
import { quoteTable } from './pool.ts';
import { oneStatement } from './sql.ts';

type Queryable = Pick<pg.Pool, 'query'> | pg.PoolClient;

/** The columns of a table or view, in its order. A domain counts as its base type. NOT_FOUND with the nearest name. */
export async function describePostgresTable(client: Queryable, table: string): Promise<readonly NativeColumn[]> {
  const { rows } = await client.query<{ name: string; oid: number; native_type: string }>(
    `SELECT a.attname AS name, coalesce(nullif(t.typbasetype, 0), t.oid)::int4 AS oid, format_type(a.atttypid, a.atttypmod) AS native_type
     FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
     WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`,
    [quoteTable(table)],
  );
  if (rows.length === 0) throw new PipelineError('NOT_FOUND', `There is no table ${table} in the warehouse. ${suggestion(table, await tableNames(client))} \`ml-pipeline data load\` makes the tables of the sample data.`);
  return rows.map((row) => nativeColumn(row.name, row.oid, row.native_type));
}

/** The columns that a query gives, found without running it to its end. */
export async function describeQuery(client: Queryable, sql: string, values: readonly unknown[]): Promise<readonly NativeColumn[]> {
  const { fields } = await client.query({ ...oneStatement(`SELECT * FROM (${sql}\n) AS described LIMIT 0`, values), rowMode: 'array' });
  const { rows } = await client.query<{ oid: number; name: string }>('SELECT oid::int4 AS oid, format_type(oid, NULL) AS name FROM pg_type WHERE oid = ANY($1::oid[])', [fields.map((field) => field.dataTypeID)]);
  const names = new Map(rows.map((row) => [row.oid, row.name]));
  return fields.map((field) => queryColumn(field.name, field.dataTypeID, names.get(field.dataTypeID) ?? `type ${field.dataTypeID}`));
}

async function tableNames(client: Queryable): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT table_schema || '.' || table_name AS name FROM information_schema.tables
     WHERE table_schema NOT IN ('pg_catalog', 'information_schema', 'spine_data', 'feast_registry') ORDER BY 1 LIMIT 200`,
  );
  return rows.map((row) => row.name);
}
