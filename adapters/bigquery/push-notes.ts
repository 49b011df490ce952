import { createHash } from 'node:crypto';
import { readPayload, writePayload } from '../../domain/features/pushed-payload.ts';
import { bySecond, isAhead, onlyRows, type PushedRow, type PushedRows } from '../../domain/features/pushed-rows.ts';
import type { Push, RecordedPush } from '../../ports/push-log.ts';
import type { OnlineNote } from '../../ports/push-ledger.ts';
import type { PushPlan } from './push-plan.ts';

/** What the online store gets of a push: its rows with the created timestamps under which they are recorded, now or when their event has happened. */
export function notesOf(push: Push, views: readonly PushedRows[], nameOf: () => string): { readonly recorded: RecordedPush; readonly notes: PushPlan['notes'] } {
  const online = push.online ? views : [];
  const isHeld = ({ eventTimestampMicros }: PushedRow): boolean => isAhead(eventTimestampMicros, push.receivedMicros);
  const now = onlyRows(online, (row) => !isHeld(row));
  const later = onlyRows(online, isHeld);
  const notesNow = now.map((part) => ({ table: part.view.source.table, note: { id: nameOf(), rowCount: part.rows.length, body: writeNote(part), dueMicros: null } }));
  const notesLater = later.flatMap(({ view, rows }) => [...bySecond(rows)].map(([dueMicros, due]) => ({ table: view.source.table, note: heldNote({ view, rows: due }, dueMicros) })));
  return { recorded: { views: now, tickets: notesNow.map(({ note }) => note.id), heldRows: later.reduce((sum, { rows }) => sum + rows.length, 0) }, notes: [...notesNow, ...notesLater] };
}

/** Named by what is in it: the same rows wait once, however often they are pushed before their time. */
function heldNote(part: PushedRows, dueMicros: number): OnlineNote {
  const body = writeNote(part);
  return { id: `held:${createHash('sha256').update(body).digest('hex').slice(0, 32)}`, rowCount: part.rows.length, body, dueMicros };
}

function writeNote({ view, rows }: PushedRows): string {
  return JSON.stringify([JSON.stringify(view), writePayload(rows)]);
}

export function readNote(body: string): PushedRows {
  const [view, rows] = JSON.parse(body) as readonly [string, string];
  return readPayload(view, rows);
}
