import type pg from 'pg';
import { inTransaction } from './pool.ts';

/**
 * Our own bookkeeping of pushes, apart from Feast's tables. `events`: by digest, what was pushed. A row with `latest` is an event (table, join keys, event timestamp): the digest of what was
 * said of it last, the greatest created timestamp of its rows, and how often it was pushed. One without is what was said with a created timestamp of the caller's own, or was recorded by a
 * version that knew no events. `pending`: what the online store has yet to get, with the view as it was, and not before `due_at`; `held`: digest of rows that are not due yet;
 * `refused`: why the store will never take it.
 */
const STATEMENTS = [
  'CREATE SCHEMA IF NOT EXISTS push_log',
  'CREATE TABLE IF NOT EXISTS push_log.events (digest bytea PRIMARY KEY, created_at timestamptz NOT NULL, recorded_at timestamptz NOT NULL DEFAULT clock_timestamp())',
  'CREATE INDEX IF NOT EXISTS events_recorded_at ON push_log.events USING brin (recorded_at)',
  'ALTER TABLE push_log.events ADD COLUMN IF NOT EXISTS latest bytea, ADD COLUMN IF NOT EXISTS pushes integer NOT NULL DEFAULT 1',
  `CREATE TABLE IF NOT EXISTS push_log.pending (
     id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
     row_count integer NOT NULL, view text NOT NULL, rows text NOT NULL, refused text)`,
  'ALTER TABLE push_log.pending ADD COLUMN IF NOT EXISTS due_at timestamptz NOT NULL DEFAULT clock_timestamp(), ADD COLUMN IF NOT EXISTS held bytea',
  'CREATE INDEX IF NOT EXISTS pending_due ON push_log.pending (due_at) WHERE refused IS NULL',
  'CREATE UNIQUE INDEX IF NOT EXISTS pending_held ON push_log.pending (held) WHERE held IS NOT NULL',
];

/** Makes the tables, or adds what those of an earlier version lack; what is in them stays. Processes that start together take turns. Needs no right to create what is there. */
export function createPushTables(pool: pg.Pool): Promise<void> {
  return inTransaction(pool, async (client) => {
    await client.query("SELECT pg_advisory_xact_lock(hashtextextended('ml-pipeline push log', 0))");
    const { rows } = await client.query<{ there: boolean }>("SELECT to_regclass('push_log.pending_held') IS NOT NULL AS there"); // made last
    if (rows[0]?.there !== true) for (const statement of STATEMENTS) await client.query(statement);
  });
}
