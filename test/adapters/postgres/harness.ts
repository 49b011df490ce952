import pg from 'pg';
import { createPostgresWarehouse } from '../../../adapters/postgres/warehouse.ts';
import { quoteIdentifier, quoteTable } from '../../../adapters/postgres/pool.ts';
import type { ColumnSchema, ColumnType, ScalarColumnType } from '../../../domain/data/columns.ts';
import { elementType } from '../../../domain/features/value-types.ts';
import type { FeatureValue, ScalarValue, ValueType } from '../../../domain/features/value-types.ts';
import { formatInstant } from '../../../domain/instant.ts';
import type { WarehouseHarness, WarehouseNature } from '../../contracts/warehouse-harness.ts';
import { createTestDatabase } from '../../support/database.ts';

export interface PostgresHarness extends WarehouseHarness {
  readonly client: pg.Client;
  readonly url: string;
}

const TYPES: Readonly<Record<ScalarColumnType, string>> = { Bool: 'boolean', Int32: 'integer', Int64: 'bigint', Float32: 'real', Float64: 'double precision', String: 'text', Bytes: 'bytea', UnixTimestamp: 'bigint', Timestamp: 'timestamptz', Decimal: 'numeric', Uuid: 'uuid', Json: 'json' };

const NATURE: WarehouseNature = {
  strategies: ['warehouse', 'snapshot'], earliest: -Infinity, latest: Infinity, hasMissingLists: true, oddColumn: 'quoted "x"', parameter: (position) => `$${position}`, writersAtOnce: 3, randomTables: 20, casesOfTable: 1,
};

/** A warehouse in a database of its own. */
export async function openPostgres(): Promise<PostgresHarness> {
  const database = await createTestDatabase();
  const warehouse = createPostgresWarehouse({ connectionString: database.url });
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await warehouse.prepare();
  return {
    warehouse, client, url: database.url, nature: NATURE,
    inSql: quoteTable,
    createTable: (table, columns, rows) => createTable(client, table, columns, rows),
    async close() {
      await client.end();
      await warehouse.close();
      await database.drop();
    },
  };
}

async function createTable(client: pg.Client, table: string, columns: readonly ColumnSchema[], rows: readonly (readonly FeatureValue[])[]): Promise<void> {
  await client.query(`DROP TABLE IF EXISTS ${quoteTable(table)}`);
  await client.query(`CREATE TABLE ${quoteTable(table)} (${columns.map(({ name, type }) => `${quoteIdentifier(name)} ${nativeType(type)}`).join(', ')})`);
  const arrays = columns.map(({ type }, i) => rows.map((row) => parameter(row[i] ?? null, type)));
  await client.query(`INSERT INTO ${quoteTable(table)} SELECT ${columns.map(({ type }, i) => `c${i}::${nativeType(type)}`).join(', ')} FROM unnest(${columns.map((_, i) => `$${i + 1}::text[]`).join(', ')}) AS v (${columns.map((_, i) => `c${i}`).join(', ')})`, arrays);
}

function nativeType(type: ColumnType): string {
  const element = elementType(type as ValueType);
  return element === undefined ? TYPES[type as ScalarColumnType] : `${TYPES[element]}[]`;
}

/** A value as PostgreSQL's text. */
function parameter(value: FeatureValue, type: ColumnType): string | null {
  if (value === null) return null;
  if (Array.isArray(value)) return `{${value.map((item: ScalarValue) => `"${parameter(item, elementType(type as ValueType)!)!.replace(/["\\]/g, '\\$&')}"`).join(',')}}`;
  if (Object.is(value, -0)) return '-0';
  if (type === 'Timestamp') return Number.isFinite(value) ? formatInstant(value as number) : String(value).toLowerCase();
  return value instanceof Uint8Array ? `\\x${Buffer.from(value).toString('hex')}` : String(value);
}
