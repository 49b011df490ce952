import type pg from 'pg';
import { PipelineError } from '../../../domain/errors.ts';
import { createPostgresPool, inTransaction, type PostgresConfig } from '../../postgres/pool.ts';
import { NO_RECORDS, type RegistryStore } from './records.ts';
import { takeLock } from './sql-locks.ts';
import { sqlRecords } from './sql-records.ts';
import { createRegistryTables, hasRegistryTables } from './tables.ts';

/** How long other writers of the registry are waited for. */
const LOCK_MS = 30_000;

/** Feast's registry tables in one schema; the first change makes them. One writer at a time in one schema. */
export function createSqlStore(config: PostgresConfig, schema: string, project: string): RegistryStore {
  const pool = createPostgresPool(config);
  return {
    read: (work) =>
      inTransaction(pool, async (client) => {
        await client.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
        return work((await hasRegistryTables(client, schema)) ? sqlRecords(client, schema, project) : NO_RECORDS);
      }),
    change: (work) =>
      inTransaction(pool, async (client) => {
        await lockRegistry(client, schema);
        return work(sqlRecords(client, schema, project));
      }),
    close: () => (pool.ended || pool.ending ? Promise.resolve() : pool.end()),
  };
}

/** The tables are there afterwards. Ends with the transaction. */
async function lockRegistry(client: pg.ClientBase, schema: string): Promise<void> {
  const isFree = await takeLock(client, `feast registry ${schema}`, { millis: LOCK_MS });
  if (!isFree) throw new PipelineError('UNAVAILABLE', 'Another process is changing the feature registry; nothing was changed here. Try it again.');
  await createRegistryTables(client, schema);
}
