import type pg from 'pg';
import { isAhead, onlyRows, type PushedRow, type PushedRows } from '../../domain/features/pushed-rows.ts';
import { formatInstant, type Micros } from '../../domain/instant.ts';
import type { Push, PushLog, RecordedPush } from '../../ports/push-log.ts';
import type { NativeColumn } from './column-types.ts';
import { describePostgresTable } from './describe.ts';
import { createPostgresPool, inTransaction, withClient, type PostgresConfig } from './pool.ts';
import { asPushError } from './push-errors.ts';
import { recordEvents } from './push-events.ts';
import { deliverBatches, listForLater, listForNow } from './push-pending.ts';
import { tableRows, type PushedLine, type TableRows } from './push-rows.ts';
import { createPushTables } from './push-tables.ts';

/** Pushed events in the warehouse's own tables, and the list of what the online store has yet to get (docs/adr/0017-push-log.md). Connects with the first call. */
export function createPostgresPushLog(config: PostgresConfig): PushLog {
  const pool = createPostgresPool({ maxConnections: 4, ...config });
  return {
    prepare: () => createPushTables(pool),
    record: async (pushes) => {
      try {
        return await inTransaction(pool, (client) => recordPushes(client, pushes));
      } catch (error) {
        throw asPushError(error);
      }
    },
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
  const parts = pushes.map((push) => ({ push, receivedMicros: push.receivedMicros, tables: tablesOf(push, columns) }));
  const createdOf = await recordEvents(client, parts);
  const online = parts.map(({ push, tables }) => {
    const views = push.online ? push.views.map((rows) => withCreated(rows, tables, createdOf)) : [];
    const isHeld = ({ eventTimestampMicros }: PushedRow): boolean => isAhead(eventTimestampMicros, push.receivedMicros);
    return { now: onlyRows(views, (row) => !isHeld(row)), later: onlyRows(views, isHeld) };
  });
  await listForLater(client, online.flatMap(({ later }) => later));
  const tickets = await listForNow(client, online.flatMap(({ now }) => now));
  return online.map(({ now, later }) => ({ views: now, tickets: tickets.splice(0, now.length), heldRows: later.reduce((sum, { rows }) => sum + rows.length, 0) }));
}

function tablesOf({ views }: Push, columns: ReadonlyMap<string, readonly NativeColumn[]>): TableRows[] {
  const byTable = new Map<string, PushedRows[]>();
  for (const rows of views) byTable.set(rows.view.source.table, [...(byTable.get(rows.view.source.table) ?? []), rows]);
  return [...byTable].map(([table, rows]) => tableRows(rows, columns.get(table)!));
}

function withCreated({ view, rows }: PushedRows, tables: readonly TableRows[], createdOf: ReadonlyMap<PushedLine, Micros>): PushedRows {
  if (view.source.createdTimestampColumn === undefined) return { view, rows };
  const { lines } = tables.find(({ table }) => table === view.source.table)!;
  return { view, rows: rows.map((row, index) => ({ ...row, createdTimestampMicros: createdOf.get(lines[index]!)! })) };
}
