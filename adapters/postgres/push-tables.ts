import type pg from 'pg';
import { inTransaction } from './pool.ts';

/**
 * Our own bookkeeping of pushes, apart from Feast's tables. `events`: what was pushed, by digest, with its created timestamp. `pending`: what the online store has
 * yet to get, with the view as it was; `refused`: why the store will never take it.
 */
const STATEMENTS = [
  'CREATE SCHEMA IF NOT EXISTS push_log',
  'CREATE TABLE IF NOT EXISTS push_log.events (digest bytea PRIMARY KEY, created_at timestamptz NOT NULL, recorded_at timestamptz NOT NULL DEFAULT clock_timestamp())',
  'CREATE INDEX IF NOT EXISTS events_recorded_at ON push_log.events USING brin (recorded_at)',
  `CREATE TABLE IF NOT EXISTS push_log.pending (
     id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
     row_count integer NOT NULL, view text NOT NULL, rows text NOT NULL, refused text)`,
];

/** Processes that start together take turns. Needs no right to create what is there. */
export function createPushTables(pool: pg.Pool): Promise<void> {
  return inTransaction(pool, async (client) => {
    await client.query("SELECT pg_advisory_xact_lock(hashtextextended('ml-pipeline push log', 0))");
    const { rows } = await client.query<{ there: boolean }>("SELECT to_regclass('push_log.pending') IS NOT NULL AS there");
    if (rows[0]?.there !== true) for (const statement of STATEMENTS) await client.query(statement);
  });
}
