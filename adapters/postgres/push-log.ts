import { once } from 'node:events';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { PipelineError } from '../../domain/errors.ts';
import { formatInstant } from '../../domain/instant.ts';
import type { PushedRows } from '../../domain/features/pushed-rows.ts';
import type { Push, PushLog, RecordedPush } from '../../ports/push-log.ts';
import type { NativeColumn } from './column-types.ts';
import { asReadError } from './copy-rows.ts';
import { describePostgresTable } from './describe.ts';
import { createPostgresPool, inTransaction, withClient, type PostgresConfig } from './pool.ts';
import { readPayload, writePayload } from './push-payload.ts';
import { tableRows, type TableRows } from './push-rows.ts';
import { createPushTables } from './push-tables.ts';

/** Batches that one process takes for delivery at a time. */
const DELIVERY_BATCHES = 20;

/** Pushed events in the warehouse's own tables, and the list of what the online store has yet to get (docs/adr/0017-push-log.md). Connects with the first call. */
export function createPostgresPushLog(config: PostgresConfig): PushLog {
  const pool = createPostgresPool({ maxConnections: 4, ...config });
  return {
    prepare: () => createPushTables(pool),
    record: (pushes) => withReadableErrors(() => inTransaction(pool, (client) => recordPushes(client, pushes))),
    settle: (tickets) => withClient(pool, async (client) => void (await client.query('DELETE FROM push_log.pending WHERE id = ANY($1::bigint[])', [tickets]))),
    deliver: (olderThanSeconds, write) => inTransaction(pool, (client) => deliverBatches(client, olderThanSeconds, write)),
    pendingRows: () =>
      withClient(pool, async (client) => {
        const { rows } = await client.query<{ waiting: string }>('SELECT coalesce(sum(row_count), 0)::text AS waiting FROM push_log.pending WHERE refused IS NULL');
        return Number(rows[0]!.waiting);
      }),
    forget: (beforeMicros) => withClient(pool, async (client) => void (await client.query('DELETE FROM push_log.events WHERE recorded_at < $1::timestamptz', [formatInstant(beforeMicros)]))),
    close: () => (pool.ended || pool.ending ? Promise.resolve() : pool.end()),
  };
}

async function recordPushes(client: pg.PoolClient, pushes: readonly Push[]): Promise<RecordedPush[]> {
  const columns = new Map<string, readonly NativeColumn[]>();
  for (const { view } of pushes.flatMap(({ views }) => views)) if (!columns.has(view.source.table)) columns.set(view.source.table, await describePostgresTable(client, view.source.table));
  const parts = pushes.map((push) => ({ push, tables: tablesOf(push, columns) }));
  const createdOf = await recordEvents(client, parts.flatMap(({ tables }) => tables));
  const recorded = parts.map(({ push, tables }) => ({ online: push.online, views: push.views.map((rows) => withFirstCreated(rows, tables, createdOf)) }));
  const online = recorded.filter((push) => push.online).flatMap(({ views }) => views);
  const tickets = await notePending(client, online);
  return recorded.map(({ views, online: isOnline }) => ({ views, tickets: isOnline ? tickets.splice(0, views.length) : [] }));
}

function tablesOf({ views }: Push, columns: ReadonlyMap<string, readonly NativeColumn[]>): TableRows[] {
  const byTable = new Map<string, PushedRows[]>();
  for (const rows of views) byTable.set(rows.view.source.table, [...(byTable.get(rows.view.source.table) ?? []), rows]);
  return [...byTable].map(([table, rows]) => tableRows(rows, columns.get(table)!));
}

/** Copies the events that are new into their tables. Resolves to each event's created timestamp, by digest: that of its first push. */
async function recordEvents(client: pg.PoolClient, tables: readonly TableRows[]): Promise<ReadonlyMap<string, number | null>> {
  const firsts = new Map<string, { readonly copy: string; readonly text: string; readonly digest: Buffer; readonly createdMicros: number | null }>();
  for (const { copy, lines } of tables) for (const line of lines) if (!firsts.has(line.digest.toString('latin1'))) firsts.set(line.digest.toString('latin1'), { copy, ...line });
  const events = [...firsts.values()].sort((a, b) => Buffer.compare(a.digest, b.digest)); // one order in all transactions: they never wait for each other in a circle
  const now = Date.now() * 1000;
  const { rows } = await client.query<{ digest: Buffer }>(
    `INSERT INTO push_log.events (digest, created_at) SELECT * FROM unnest($1::bytea[], $2::timestamptz[]) ON CONFLICT DO NOTHING RETURNING digest`,
    [events.map(({ digest }) => digest), events.map(({ createdMicros }) => formatInstant(createdMicros ?? now))],
  );
  const added = new Set(rows.map(({ digest }) => digest.toString('latin1')));
  const texts = new Map<string, string[]>();
  for (const [digest, { copy, text }] of firsts) {
    if (!added.has(digest)) continue;
    const lines = texts.get(copy);
    if (lines === undefined) texts.set(copy, [text]);
    else lines.push(text);
  }
  for (const [copy, lines] of texts) await copyText(client, copy, lines);
  const createdOf = new Map([...firsts].map(([digest, { createdMicros }]) => [digest, createdMicros]));
  const known = events.filter(({ digest }) => !added.has(digest.toString('latin1')));
  if (known.length === 0) return createdOf;
  const { rows: earlier } = await client.query<{ digest: Buffer; micros: string }>(
    `SELECT digest, (extract(epoch FROM created_at) * 1000000)::int8::text AS micros FROM push_log.events WHERE digest = ANY($1::bytea[])`,
    [known.map(({ digest }) => digest)],
  );
  for (const { digest, micros } of earlier) if (createdOf.get(digest.toString('latin1')) !== null) createdOf.set(digest.toString('latin1'), Number(micros));
  return createdOf;
}

async function copyText(client: pg.PoolClient, copy: string, lines: readonly string[]): Promise<void> {
  const stream = client.query(copyFrom(copy));
  stream.end(lines.join(''));
  await once(stream, 'finish');
}

function withFirstCreated({ view, rows }: PushedRows, tables: readonly TableRows[], createdOf: ReadonlyMap<string, number | null>): PushedRows {
  const { lines } = tables.find(({ table }) => table === view.source.table)!;
  return { view, rows: rows.map((row, index) => ({ ...row, createdTimestampMicros: row.createdTimestampMicros === null ? null : createdOf.get(lines[index]!.digest.toString('latin1'))! })) };
}

async function notePending(client: pg.PoolClient, views: readonly PushedRows[]): Promise<string[]> {
  if (views.length === 0) return [];
  const { rows } = await client.query<{ id: string }>(
    `INSERT INTO push_log.pending (row_count, view, rows) SELECT * FROM unnest($1::int[], $2::text[], $3::text[]) RETURNING id::text`,
    [views.map((part) => part.rows.length), views.map(({ view }) => JSON.stringify(view)), views.map((part) => writePayload(part.rows))],
  );
  return rows.map(({ id }) => id);
}

async function deliverBatches(client: pg.PoolClient, olderThanSeconds: number, write: (rows: PushedRows) => Promise<void>): Promise<number> {
  const { rows } = await client.query<{ id: string; view: string; rows: string }>(
    `SELECT id::text, view, rows FROM push_log.pending WHERE refused IS NULL AND recorded_at <= clock_timestamp() - $1 * interval '1 second'
     ORDER BY id LIMIT ${DELIVERY_BATCHES} FOR UPDATE SKIP LOCKED`,
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

/** What the tables refuse, in words for the caller. */
async function withReadableErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = String((error as { code?: unknown }).code);
    const { table = '', column = '' } = error as { readonly table?: string; readonly column?: string };
    if (code.startsWith('23')) throw new PipelineError('INVALID_DATA', `Table ${table} refuses the rows${column === '' ? '' : ` for column ${column}`} (${code === '23502' ? 'it may not be null' : code === '23505' ? 'a row with this key is there already' : `SQLSTATE ${code}`}); nothing was written.`);
    throw asReadError(error);
  }
}
