import { createHash } from 'node:crypto';
import type pg from 'pg';
import { PipelineError } from '../../domain/errors.ts';
import { readPayload, writePayload } from '../../domain/features/pushed-payload.ts';
import { bySecond, type PushedRows } from '../../domain/features/pushed-rows.ts';
import { formatInstant } from '../../domain/instant.ts';

/** Batches that one process takes for delivery at a time. */
const DELIVERY_BATCHES = 20;

/** Lists rows that are to be written online now. Resolves to the entries' ids, one for each part. */
export async function listForNow(client: pg.PoolClient, parts: readonly PushedRows[]): Promise<string[]> {
  if (parts.length === 0) return [];
  const { rows } = await client.query<{ id: string }>(
    `INSERT INTO push_log.pending (row_count, view, rows) SELECT * FROM unnest($1::int[], $2::text[], $3::text[]) RETURNING id::text`,
    [parts.map((part) => part.rows.length), parts.map(({ view }) => JSON.stringify(view)), parts.map((part) => writePayload(part.rows))],
  );
  return rows.map(({ id }) => id);
}

/** Lists rows that are to be written online when their event has happened, those of one second together. The same rows are listed once, however often they are pushed before that. */
export async function listForLater(client: pg.PoolClient, parts: readonly PushedRows[]): Promise<void> {
  const entries = parts.flatMap(({ view, rows }) => [...bySecond(rows)].map(([dueMicros, due]) => ({ view: JSON.stringify(view), rows: writePayload(due), rowCount: due.length, dueMicros })));
  if (entries.length === 0) return;
  await client.query(
    `INSERT INTO push_log.pending (row_count, view, rows, due_at, held) SELECT * FROM unnest($1::int[], $2::text[], $3::text[], $4::timestamptz[], $5::bytea[])
     ON CONFLICT (held) WHERE held IS NOT NULL DO NOTHING`,
    [
      entries.map(({ rowCount }) => rowCount), entries.map(({ view }) => view), entries.map(({ rows }) => rows), entries.map(({ dueMicros }) => formatInstant(dueMicros)),
      entries.map(({ view, rows }) => createHash('sha256').update(`${view}\n${rows}`).digest().subarray(0, 16)),
    ],
  );
}

/** Implements PushLog.deliver, in the transaction of the client. */
export async function deliverBatches(client: pg.PoolClient, olderThanSeconds: number, write: (rows: PushedRows) => Promise<void>): Promise<number> {
  const { rows } = await client.query<{ id: string; view: string; rows: string }>(
    `SELECT id::text, view, rows FROM push_log.pending
     WHERE refused IS NULL AND due_at <= clock_timestamp() AND recorded_at <= clock_timestamp() - $1 * interval '1 second'
     ORDER BY due_at, id LIMIT ${DELIVERY_BATCHES} FOR UPDATE SKIP LOCKED`,
    [olderThanSeconds],
  );
  for (const batch of rows) {
    const refused = await write(readPayload(batch.view, batch.rows)).then(() => undefined, refusal);
    if (refused === undefined) await client.query('DELETE FROM push_log.pending WHERE id = $1', [batch.id]);
    else await client.query('UPDATE push_log.pending SET refused = $2 WHERE id = $1', [batch.id, refused]);
  }
  return rows.length;
}

/** Why the online store will never take a batch; an error that may pass is thrown on. */
function refusal(error: unknown): string {
  if (error instanceof PipelineError && !error.retryable) return error.message;
  throw error;
}
