import type { Micros } from '../../domain/instant.ts';
import type { Digest, OnlineNote, Said } from '../../ports/push-ledger.ts';
import { RAW_PUSHES } from './push-raw.ts';

/** A stream, and the offset in it of the first row. */
export interface Place {
  readonly stream: string;
  readonly offset: number;
}

/** Rows for one table, and where they go: to an offset of a stream, so that however often they are sent there, they are there once. */
export interface PlannedTable {
  /** `projects/.../datasets/.../tables/...`. */
  readonly path: string;
  /** The table in the words of its definition, and the views that bring the rows. */
  readonly table: string;
  readonly views: readonly string[];
  /** null: to be chosen before the rows are sent. */
  readonly place: Place | null;
  /** What the messages are. */
  readonly descriptor: Readonly<Record<string, unknown>>;
  /** Messages, as many as go into one request. */
  readonly parts: readonly (readonly Buffer[])[];
  /** Which of the plan's lines each message is. */
  readonly lines: readonly number[];
}

/** A new row: what counts as said once its view's table has it. */
export interface PlannedLine {
  /** Which row of its push it is. */
  readonly row: number;
  readonly event: Digest;
  readonly content: Digest;
  /** The greatest created timestamp of the event. */
  readonly createdMicros: Micros;
  /** The created timestamp of the caller's own; null: there is none. */
  readonly ownMicros: Micros | null;
}

/** All that another process needs to finish a push. */
export interface PushPlan {
  /** By this process' clock, in milliseconds. */
  readonly notedAtMs: number;
  /** The views' tables, then the raw events, which get each row of theirs. */
  readonly tables: readonly PlannedTable[];
  /** In the order in which they were said; null: a table has refused it. */
  readonly lines: readonly (PlannedLine | null)[];
  /** Counts whatever the tables take. */
  readonly recalled: Said['events'];
  /** What the online store gets, with the table that has to have it before. */
  readonly notes: readonly { readonly table: string; readonly note: OnlineNote }[];
}

/** One request of the Storage Write API is at most 10 MB (cloud.google.com/bigquery/quotas, "Storage Write API"); the schema comes with the rows. */
export const MOST_PART_BYTES = 8_000_000;

/** Cuts messages into parts that a request may hold. */
export function partsOf(messages: readonly Buffer[], mostBytes = MOST_PART_BYTES): Buffer[][] {
  const parts: Buffer[][] = [];
  let bytes = Infinity;
  for (const message of messages) {
    if (bytes + message.length > mostBytes) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)!.push(message);
    bytes += message.length + 6; // its tag and length
  }
  return parts;
}

/** A plan of which the first parts of a table are in: what is left of them needs another place. */
export function unplaced(plan: PushPlan, index: number, doneParts: number): PushPlan {
  return withTable(plan, index, { place: null, parts: plan.tables[index]!.parts.slice(doneParts), lines: plan.tables[index]!.lines.slice(rowCount(plan.tables[index]!, doneParts)) });
}

export function placed(plan: PushPlan, index: number, place: Place): PushPlan {
  return withTable(plan, index, { place });
}

/**
 * The plan without a table that refuses what follows its first parts. The refused rows do not count, and do not go to the raw events; what goes there needs another place, since all of it may have been sent to the one that it had. The
 * online store gets nothing of the table. Without the raw events themselves all rows count.
 */
export function withoutTable(plan: PushPlan, index: number, doneParts: number): PushPlan {
  const refusing = plan.tables[index]!;
  const others = plan.tables.filter((_, at) => at !== index);
  if (refusing.table === RAW_PUSHES) return { ...plan, tables: others };
  const refused = new Set(refusing.lines.slice(rowCount(refusing, doneParts)));
  return {
    ...plan,
    tables: others.map((table) => (table.table === RAW_PUSHES ? withoutLines(table, refused) : table)).filter(({ lines }) => lines.length > 0),
    lines: plan.lines.map((line, at) => (refused.has(at) ? null : line)),
    notes: plan.notes.filter(({ table }) => table !== refusing.table),
  };
}

/** What counts as said when the plan's tables have their rows: of each event what was said last. */
export function saidBy({ lines, recalled, notes }: Pick<PushPlan, 'lines' | 'recalled' | 'notes'>): Said {
  const events = new Map<string, Said['events'][number]>();
  const contents: Said['contents'][number][] = [];
  for (const one of recalled) events.set(textOf(one.event), one);
  for (const line of lines) {
    if (line === null) continue;
    const { event, content, createdMicros, ownMicros } = line;
    events.set(textOf(event), { event, latest: content, createdMicros });
    if (ownMicros !== null) contents.push({ content, createdMicros: ownMicros });
  }
  return { events: [...events.values()], contents, notes: notes.map(({ note }) => note) };
}

function withTable(plan: PushPlan, index: number, change: Partial<PlannedTable>): PushPlan {
  return { ...plan, tables: plan.tables.map((table, at) => (at === index ? { ...table, ...change } : table)) };
}

function withoutLines(table: PlannedTable, refused: ReadonlySet<number>): PlannedTable {
  const stays = table.lines.map((line) => !refused.has(line));
  return { ...table, place: null, parts: partsOf(table.parts.flat().filter((_, at) => stays[at])), lines: table.lines.filter((_, at) => stays[at]) };
}

/** Rows of a table's first parts. */
function rowCount({ parts }: PlannedTable, count: number): number {
  return parts.slice(0, count).reduce((sum, part) => sum + part.length, 0);
}

function textOf(digest: Digest): string {
  return Buffer.from(digest).toString('latin1');
}
