import type pg from 'pg';
import type { Warehouse, RowStream } from '../../ports/warehouse.ts';
import { copyRows } from './copy-rows.ts';
import type { CopyRequest } from './copy-rows.ts';
import { describePostgresTable } from './describe.ts';
import { historicalFeatures } from './historical-features.ts';
import { estimateRows, planNewestRows } from './newest-rows.ts';
import { asPostgresError, createPostgresPool, inTransaction, quoteIdentifier, quoteTable } from './pool.ts';
import type { PostgresConfig } from './pool.ts';
import { writeSpineRows } from './spine-rows.ts';
import { SPINE_SCHEMA, dropExpiredSpines, expiredSpines, describeSpineQuery, dropSpine, writeSpine } from './spine.ts';

const SCHEMAS = ['raw_data', 'feature_mart', SPINE_SCHEMA] as const;

/** The warehouse in PostgreSQL 15 or later. Connections are opened when they are needed, and closed by `close`. */
export function createPostgresWarehouse(config: PostgresConfig): Warehouse {
  const { connectionString } = config;
  const pool = createPostgresPool(config);
  const stream = ({ columns, ...query }: Pick<CopyRequest, 'columns' | 'select' | 'before' | 'signal'>): RowStream => ({
    schema: columns.map(({ name, type }) => ({ name, type })),
    batches: copyRows({ pool, connectionString, columns, ...query }),
  });
  return {
    prepare: () => createSchemas(pool),
    missingSchemas: () => connected(missingSchemas(pool)),
    writeSpine: (request) => writeSpine(pool, connectionString, request),
    writeSpineRows: (request) => writeSpineRows(pool, connectionString, request),
    historicalFeatures: (request) => historicalFeatures(pool, config, request),
    newestRows: async (request) => stream({ ...(await connected(planNewestRows(pool, request))), signal: request.signal }),
    estimateRows: (request) => connected(estimateRows(pool, request)),
    describeTable: async (table) => (await connected(describePostgresTable(pool, table))).map(({ name, nativeType, type }) => ({ name, nativeType, type })),
    wholeTable: (table) => ({ sql: `SELECT * FROM ${quoteTable(table)}`, values: [] }),
    describeQuery: async (query) => (await connected(describeSpineQuery(pool, query))).map(({ name, nativeType, type }) => ({ name, nativeType, type })),
    expiredSpines: (nowMicros) => connected(expiredSpines(pool, nowMicros)),
    dropExpiredSpines: (nowMicros) => connected(dropExpiredSpines(pool, nowMicros)),
    dropSpine: (table) => dropSpine(pool, table),
    close: () => pool.end(),
  };
}

/** Processes that start together take turns: CREATE SCHEMA IF NOT EXISTS alone fails when it races. Needs no right to create what is there. */
function createSchemas(pool: pg.Pool): Promise<void> {
  return inTransaction(pool, async (client) => {
    await client.query("SELECT pg_advisory_xact_lock(hashtextextended('ml-pipeline schemas', 0))");
    for (const schema of await missingSchemas(client)) await client.query(`CREATE SCHEMA ${quoteIdentifier(schema)}`);
  });
}

async function missingSchemas(client: Pick<pg.ClientBase, 'query'>): Promise<readonly string[]> {
  const { rows } = await client.query<{ nspname: string }>('SELECT nspname FROM pg_namespace WHERE nspname = ANY($1)', [[...SCHEMAS]]);
  return SCHEMAS.filter((schema) => !rows.some(({ nspname }) => nspname === schema));
}

async function connected<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw asPostgresError(error);
  }
}
