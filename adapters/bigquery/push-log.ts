import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { PipelineError } from '../../domain/errors.ts';
import type { PushedRow, PushedRows } from '../../domain/features/pushed-rows.ts';
import { elementType } from '../../domain/features/value-types.ts';
import type { EventLock, PushLedger } from '../../ports/push-ledger.ts';
import type { PushLog, RecordedPush } from '../../ports/push-log.ts';
import { asBigQueryError } from './call-failure.ts';
import type { BigQueryConnection } from './connection.ts';
import { carryOut } from './push-carry.ts';
import { deliverDue, takeOver } from './push-finish.ts';
import { askedOf, judge, type Judged, type PushedInto } from './push-judge.ts';
import { notesOf } from './push-notes.ts';
import { saidBy, type PushPlan } from './push-plan.ts';
import { writePlan } from './push-plan-text.ts';
import { createRawPushes, RAW_PUSHES } from './push-raw.ts';
import type { TableRows } from './push-rows.ts';
import { openTableStreams } from './push-streams.ts';
import { createPushTables, type BoundPush } from './push-tables.ts';
import { tableId } from './sql.ts';

export interface BigQueryPushLogOptions {
  readonly connection: Pick<BigQueryConnection, 'client' | 'settings' | 'writeClient'>;
  readonly ledger: PushLedger;
  /** Milliseconds that the appends of one record may take. Shorter than the ledger's lease, so that what is still under way is nobody else's. Default 15,000. */
  readonly appendMs?: number;
  /** Milliseconds that a push waits for another one of the same events. Default 8,000. */
  readonly waitMs?: number;
  /** Milliseconds for which rows are sent again although their table refuses them, where nobody knows whether an earlier request brought them. Default 3,600,000. */
  readonly doubtMs?: number;
}

const WAIT_PAUSE_MS = 50;
/** Bytes of one push, or group of them, as they are noted. */
const MOST_NOTED_BYTES = 64_000_000;

/** Pushed events in the views' tables and among the raw events, by the Storage Write API, with a ledger for what BigQuery cannot keep (docs/adr/0022-push-on-bigquery.md). */
export function createBigQueryPushLog({ connection, ledger, appendMs = 15_000, waitMs = 8_000, doubtMs = 3_600_000 }: BigQueryPushLogOptions): PushLog {
  const streams = openTableStreams(connection.writeClient);
  const tables = createPushTables(connection.settings, streams);
  const carry = { appendMs, doubtMs, settings: connection.settings };
  const others = openTableStreams(connection.writeClient); // of its own, since offsets that two choose at a time would be the same
  let finishing: Promise<number> | undefined;
  const finish = (): Promise<number> => (finishing ??= takeOver(ledger, others, carry).finally(() => (finishing = undefined)));
  let unheard: Error | undefined; // of another's push, met by one of ours that waited for its events: the next look tells it
  let inTurn: Promise<unknown> = Promise.resolve();
  return {
    prepare: async () => {
      try {
        await createRawPushes(connection.client, tableId(connection.settings, RAW_PUSHES), connection.settings.location);
      } catch (error) {
        throw asBigQueryError(error, `making the table ${RAW_PUSHES}`, connection.settings);
      }
    },
    record: async (pushes) => {
      const bound = await tables.bind(pushes.map((push) => ({ ...push, views: push.views.map(asStored) })));
      const lines = bound.flatMap(({ push, tables: parts }) => parts.flatMap((rows) => rows.lines.map((line): PushedInto => ({ line, rows, receivedMicros: push.receivedMicros }))));
      const lock = await lockEvents(ledger, lines, () => finish().catch((error: unknown) => (unheard = error instanceof Error ? error : new Error(String(error)))), waitMs);
      const { notes, judged, recorded } = sayWhat(bound, lines, lock);
      if (judged.fresh.length === 0) await ledger.confirm(lock.token, saidBy({ lines: [], recalled: judged.recalled, notes }));
      else await appendInTurn(lock.token, judged, notes);
      return recorded;
    },
    settle: (tickets) => ledger.settle(tickets),
    deliver: async (olderThanSeconds, write) => {
      const outcomes = await Promise.allSettled([deliverDue(ledger, olderThanSeconds, write), finish()]);
      const before = unheard;
      unheard = undefined;
      if (before !== undefined) throw before;
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
      return outcomes.reduce((sum, outcome) => sum + (outcome.status === 'fulfilled' ? outcome.value : 0), 0);
    },
    pendingRows: () => ledger.waitingRows(),
    forget: (beforeMicros) => ledger.forget(beforeMicros),
    close: async () => {
      streams.close();
      others.close();
      await ledger.close();
    },
  };

  /** One at a time, since offsets follow each other. */
  function appendInTurn(token: string, judged: Judged, notes: PushPlan['notes']): Promise<void> {
    const turn = inTurn.then(async () => {
      const plan = await notePlan(ledger, token, () => tables.plan(judged, notes));
      await carryOut(ledger, streams, token, plan, { ...carry, isTakenOver: false });
    });
    inTurn = turn.catch(() => undefined); // whoever waits for this one hears of it
    return turn;
  }
}

/** The events of the lines, as soon as nobody else works on them. */
async function lockEvents(ledger: PushLedger, lines: readonly PushedInto[], finish: () => Promise<unknown>, waitMs: number): Promise<EventLock> {
  const { events, contents } = askedOf(lines);
  const end = Date.now() + waitMs;
  for (let attempt = 0; ; attempt++) {
    const lock = await ledger.lock(events, contents);
    if (lock !== undefined) return lock;
    if (attempt % 10 === 0) await finish();
    if (Date.now() > end) throw new PipelineError('UNAVAILABLE', 'BigQuery still gets another push of the same events. Send the push again later.');
    await sleep(WAIT_PAUSE_MS * (0.5 + Math.random()));
  }
}

/** Notes where the rows are about to go; where that cannot be, the events are free again. */
async function notePlan(ledger: PushLedger, token: string, makePlan: () => Promise<PushPlan>): Promise<PushPlan> {
  try {
    const plan = await makePlan();
    const bytes = writePlan(plan);
    if (bytes.length > MOST_NOTED_BYTES) throw new PipelineError('INVALID_DATA', `A push takes ${bytes.length} bytes to note, more than the ${MOST_NOTED_BYTES} that are kept of one. Send it in smaller parts; nothing was written.`);
    if (!(await ledger.plan(token, bytes))) throw new PipelineError('UNAVAILABLE', 'BigQuery was busy with other pushes for too long; nothing was written. Send the push again.');
    return plan;
  } catch (error) {
    await ledger.abandon(token);
    throw error;
  }
}

/** What counts once the rows are in, and what the caller gets to write online. */
function sayWhat(bound: readonly BoundPush[], lines: readonly PushedInto[], lock: EventLock): { readonly notes: PushPlan['notes']; readonly judged: Judged; readonly recorded: readonly RecordedPush[] } {
  const judged = judge(lines, lock);
  const parts = bound.map(({ push, tables }) => notesOf(push, push.views.map((rows) => withCreated(rows, tables, judged)), () => `${lock.token}:${randomUUID()}`));
  return { judged, notes: parts.flatMap(({ notes }) => notes), recorded: parts.map(({ recorded }) => recorded) };
}

/** BigQuery has no missing list: it reads as an empty one. So it is one online, too. */
function asStored({ view, rows }: PushedRows): PushedRows {
  const lists = view.features.flatMap(({ type }, index) => (elementType(type) === undefined ? [] : index));
  if (lists.length === 0) return { view, rows };
  const stored = (row: PushedRow): PushedRow => (row.deleted ? row : { ...row, values: row.values.map((value, index) => (value === null && lists.includes(index) ? [] : value)) });
  return { view, rows: rows.map(stored) };
}

function withCreated({ view, rows }: PushedRows, tables: readonly TableRows[], { createdOf }: Judged): PushedRows {
  if (view.source.createdTimestampColumn === undefined) return { view, rows };
  const { lines } = tables.find(({ table }) => table === view.source.table)!;
  return { view, rows: rows.map((row, index) => ({ ...row, createdTimestampMicros: createdOf.get(lines[index]!)! })) };
}
