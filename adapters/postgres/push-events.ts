import { once } from 'node:events';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { formatInstant, type Micros } from '../../domain/instant.ts';
import { asPushError } from './push-errors.ts';
import type { PushedLine, TableRows } from './push-rows.ts';

/** The tables' part of one push. */
export interface PushedTables {
  readonly tables: readonly TableRows[];
  /** The created timestamp of rows that bring none. */
  readonly receivedMicros: Micros;
}

/** What is known of an event while its row of `push_log.events` is locked. */
interface EventState {
  readonly digest: Buffer;
  /** What was said of it last; undefined: nothing that we know of. */
  latest: string | undefined;
  /** The greatest created timestamp that a row of it has. */
  createdMicros: Micros;
  /** What is in its row. */
  readonly stored: { readonly latest: string; readonly createdMicros: Micros };
}

/** What was said with a created timestamp of the caller's own, by digest. */
interface Contents {
  readonly known: Map<string, Micros>;
  readonly added: Map<string, Micros>;
}

/** The new rows for one table. */
interface TableCopy {
  readonly to: TableRows;
  readonly texts: string[];
  /** Which row of its push each text is. */
  readonly rows: number[];
}

const textOf = (digest: Buffer): string => digest.toString('latin1');
const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1');
const MICROS_OF_CREATED = '(extract(epoch FROM created_at) * 1000000)::int8::text AS micros';

/**
 * Copies into their tables the rows that say something new of their event (docs/adr/0017-push-log.md), in the order of the pushes. Resolves to each line's created timestamp: its own, or
 * that under which it was recorded before.
 */
export async function recordEvents(client: pg.PoolClient, pushes: readonly PushedTables[]): Promise<ReadonlyMap<PushedLine, Micros>> {
  const pushed = pushes.flatMap(({ tables, receivedMicros }) => tables.flatMap((rows) => rows.lines.map((line) => ({ line, rows, receivedMicros }))));
  const events = await lockEvents(client, pushed);
  const eventOf = (line: PushedLine): EventState => events.get(textOf(line.event))!;
  const contents: Contents = { known: await readContents(client, pushed.flatMap(({ line }) => contentsOf(line, eventOf(line)))), added: new Map() };
  const copies = new Map<string, TableCopy>();
  const createdOf = new Map<PushedLine, Micros>();
  for (const { line, rows, receivedMicros } of pushed) {
    const event = eventOf(line);
    const isNew = line.createdMicros === null ? judgeStamped(line, event, contents, receivedMicros) : judgeDated(line, event, contents, line.createdMicros);
    const createdMicros = line.createdMicros ?? event.createdMicros;
    createdOf.set(line, createdMicros);
    if (!isNew) continue;
    const copy = copies.get(rows.copy) ?? { to: rows, texts: [], rows: [] };
    copy.texts.push(line.text(createdMicros));
    copy.rows.push(line.row);
    copies.set(rows.copy, copy);
  }
  for (const copy of copies.values()) await copyText(client, copy);
  await writeContents(client, contents.added);
  await writeEvents(client, [...events.values()]);
  return createdOf;
}

/** Whether a row that brings no created timestamp says something new: unless it is what was said last. It is then newer than all before it, also where the clock that stamped it is behind. */
function judgeStamped(line: PushedLine, event: EventState, { known }: Contents, receivedMicros: Micros): boolean {
  const content = textOf(line.content);
  if (event.latest === content) return false;
  const earlier = event.latest === undefined ? known.get(content) : undefined;
  event.latest = content;
  event.createdMicros = earlier ?? Math.max(receivedMicros, event.createdMicros + 1);
  return earlier === undefined;
}

/** Whether a row with a created timestamp of its own says something new: unless the same was said before, whenever that was. Equal in values and both timestamps, it would change nothing. */
function judgeDated(line: PushedLine, event: EventState, { known, added }: Contents, createdMicros: Micros): boolean {
  const content = textOf(line.content);
  const isRecorded = known.has(content) || added.has(content);
  const isNew = !isRecorded && !(event.latest === undefined && known.get(textOf(line.values)) === createdMicros);
  if (!isRecorded) added.set(content, createdMicros);
  if (!isNew && event.latest !== undefined) return false;
  event.latest = content;
  event.createdMicros = Math.max(event.createdMicros, createdMicros);
  return isNew;
}

/** Makes or finds the row of each event and locks it until the end of the transaction: in one order in all transactions, so that they never wait for each other in a circle. */
async function lockEvents(client: pg.PoolClient, pushed: readonly { readonly line: PushedLine; readonly receivedMicros: Micros }[]): Promise<Map<string, EventState>> {
  const firsts = new Map<string, { readonly line: PushedLine; readonly createdMicros: Micros }>();
  for (const { line, receivedMicros } of pushed) if (!firsts.has(textOf(line.event))) firsts.set(textOf(line.event), { line, createdMicros: line.createdMicros ?? receivedMicros });
  const offered = [...firsts.values()].sort((a, b) => Buffer.compare(a.line.event, b.line.event));
  const { rows } = await client.query<{ digest: Buffer; latest: Buffer; micros: string; pushes: number }>(
    `INSERT INTO push_log.events (digest, latest, created_at) SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::timestamptz[])
     ON CONFLICT (digest) DO UPDATE SET pushes = events.pushes + 1 RETURNING digest, latest, ${MICROS_OF_CREATED}, pushes`,
    [offered.map(({ line }) => line.event), offered.map(({ line }) => line.content), offered.map(({ createdMicros }) => formatInstant(createdMicros))],
  );
  return new Map(rows.map(({ digest, latest, micros, pushes }) => {
    const stored = { latest: textOf(latest), createdMicros: Number(micros) };
    const isFirst = pushes === 1;
    return [textOf(digest), { digest, latest: isFirst ? undefined : stored.latest, createdMicros: isFirst ? -Infinity : stored.createdMicros, stored }];
  }));
}

/** What may be known of a line besides its event: the same with its created timestamp; of an event without a row, what was recorded before events had rows. */
function contentsOf({ content, values, createdMicros }: PushedLine, { latest }: EventState): Buffer[] {
  return [...(createdMicros === null ? [] : [content]), ...(latest === undefined ? [values] : [])];
}

async function readContents(client: pg.PoolClient, digests: readonly Buffer[]): Promise<Map<string, Micros>> {
  if (digests.length === 0) return new Map();
  const { rows } = await client.query<{ digest: Buffer; micros: string }>(`SELECT digest, ${MICROS_OF_CREATED} FROM push_log.events WHERE digest = ANY($1::bytea[]) AND latest IS NULL`, [digests]);
  return new Map(rows.map(({ digest, micros }) => [textOf(digest), Number(micros)]));
}

/** Only who has locked an event's row writes what was said of it. */
async function writeContents(client: pg.PoolClient, added: ReadonlyMap<string, Micros>): Promise<void> {
  if (added.size === 0) return;
  await client.query('INSERT INTO push_log.events (digest, created_at) SELECT * FROM unnest($1::bytea[], $2::timestamptz[])', [[...added.keys()].map(bytesOf), [...added.values()].map(formatInstant)]);
}

async function writeEvents(client: pg.PoolClient, events: readonly EventState[]): Promise<void> {
  const changed = events.filter(({ latest, createdMicros, stored }) => latest !== stored.latest || createdMicros !== stored.createdMicros);
  if (changed.length === 0) return;
  await client.query(
    `UPDATE push_log.events AS e SET latest = n.latest, created_at = n.created_at, recorded_at = clock_timestamp()
     FROM unnest($1::bytea[], $2::bytea[], $3::timestamptz[]) AS n (digest, latest, created_at) WHERE e.digest = n.digest`,
    [changed.map(({ digest }) => digest), changed.map(({ latest }) => bytesOf(latest!)), changed.map(({ createdMicros }) => formatInstant(createdMicros))],
  );
}

async function copyText(client: pg.PoolClient, { to, texts, rows }: TableCopy): Promise<void> {
  try {
    const stream = client.query(copyFrom(to.copy));
    stream.end(texts.join(''));
    await once(stream, 'finish');
  } catch (error) {
    throw asPushError(error, { table: to.table, columns: to.columns, rows });
  }
}
