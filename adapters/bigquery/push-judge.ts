import type { Micros } from '../../domain/instant.ts';
import type { EventLock, Said } from '../../ports/push-ledger.ts';
import type { PushedLine, TableRows } from './push-rows.ts';

/** A line of a push, with the table that it goes to. */
export interface PushedInto {
  readonly line: PushedLine;
  readonly rows: TableRows;
  /** When the push arrived: the created timestamp of rows that bring none. */
  readonly receivedMicros: Micros;
}

/** A line that says something new, and the created timestamp of its row. */
export interface NewLine extends PushedInto {
  readonly createdMicros: Micros;
  /** The greatest created timestamp that its event has with it. */
  readonly greatestMicros: Micros;
}

export interface Judged {
  readonly fresh: readonly NewLine[];
  /** Each line's created timestamp: its own, or that under which it was recorded before. */
  readonly createdOf: ReadonlyMap<PushedLine, Micros>;
  /** What is known of these events again, although no row says something new: the ledger had forgotten the event and not what was said of it. */
  readonly recalled: Said['events'];
}

interface EventState {
  latest: string | undefined;
  createdMicros: Micros;
}

const textOf = (digest: Uint8Array): string => Buffer.from(digest).toString('latin1');

/** What has to be asked of the ledger to judge the lines: each event once, and what was said with a created timestamp of the caller's own. */
export function askedOf(pushed: readonly PushedInto[]): { readonly events: readonly Buffer[]; readonly contents: readonly Buffer[] } {
  const once = (digests: readonly Buffer[]): Buffer[] => [...new Map(digests.map((digest) => [textOf(digest), digest])).values()];
  return { events: once(pushed.map(({ line }) => line.event)), contents: once(pushed.flatMap(({ line }) => (line.createdMicros === null ? [] : line.content))) };
}

/** Judges the lines in their order by what the ledger knows (docs/adr/0017-push-log.md says what is new of an event). */
export function judge(pushed: readonly PushedInto[], { events, contents }: Pick<EventLock, 'events' | 'contents'>): Judged {
  const asked = askedOf(pushed);
  const states = new Map(asked.events.map((event, index): [string, EventState] => [textOf(event), { latest: events[index] && textOf(events[index].latest), createdMicros: events[index]?.createdMicros ?? -Infinity }]));
  const known = new Set(asked.contents.flatMap((content, index) => (contents[index] === undefined ? [] : textOf(content))));
  const createdOf = new Map<PushedLine, Micros>();
  const fresh: NewLine[] = [];
  const recalled: Said['events'][number][] = [];
  for (const one of pushed) {
    const { line, receivedMicros } = one;
    const state = states.get(textOf(line.event))!;
    const wasKnown = state.latest !== undefined;
    const isNew = line.createdMicros === null ? judgeStamped(line, state, receivedMicros) : judgeDated(line, line.createdMicros, state, known);
    const createdMicros = line.createdMicros ?? state.createdMicros;
    createdOf.set(line, createdMicros);
    if (isNew) fresh.push({ ...one, createdMicros, greatestMicros: state.createdMicros });
    else if (!wasKnown) recalled.push({ event: line.event, latest: line.content, createdMicros: state.createdMicros });
  }
  return { fresh, createdOf, recalled };
}

/** Whether a row that brings no created timestamp says something new: unless it is what was said last. It is then newer than all before it, also where the clock that stamped it is behind. */
function judgeStamped(line: PushedLine, state: EventState, receivedMicros: Micros): boolean {
  const content = textOf(line.content);
  if (state.latest === content) return false;
  Object.assign(state, { latest: content, createdMicros: Math.max(receivedMicros, state.createdMicros + 1) });
  return true;
}

/** Whether a row with a created timestamp of its own says something new: unless the same was said before, whenever that was. Equal in values and both timestamps, it would change nothing. */
function judgeDated(line: PushedLine, createdMicros: Micros, state: EventState, known: Set<string>): boolean {
  const content = textOf(line.content);
  const isNew = !known.has(content);
  if (!isNew && state.latest !== undefined) return false;
  known.add(content);
  Object.assign(state, { latest: content, createdMicros: Math.max(state.createdMicros, createdMicros) });
  return isNew;
}
