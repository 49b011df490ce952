/** An instant: whole microseconds since 1970-01-01T00:00:00Z (UTC). */
export type Micros = number;

export const MICROS_PER_SECOND = 1_000_000;

/** 1700-01-01T00:00:00Z, the earliest instant that is kept as it is. An event before it counts as of this one, and a spine has no row before it. A double holds microseconds hardly further back. */
export const EARLIEST: Micros = Date.parse('1700-01-01T00:00:00Z') * 1000;

/** 2255-01-01T00:00:00Z, the latest instant that can be named. */
export const LATEST: Micros = Date.parse('2255-01-01T00:00:00Z') * 1000;

/** As the start of a window: no event is too early for it. */
export const BEGINNING: Micros = Number.MIN_SAFE_INTEGER;

/** What is wrong with a text, and what to write instead. */
export interface InstantProblem {
  readonly message: string;
  readonly cure: string;
}

/** Why a text is no instant that can be worked with: no ISO 8601 text, or outside the years 1700 to 2254. undefined: it is one. */
export function instantProblem(text: string): InstantProblem | undefined {
  const micros = parseInstant(text);
  if (micros === undefined) return { message: 'is not an instant such as "2026-11-23T10:00:00Z"', cure: 'Write year, month, day, time and zone as in that one.' };
  return micros >= EARLIEST && micros < LATEST ? undefined : { message: 'lies outside the years 1700 to 2254', cure: 'Give an instant within them.' };
}

/** The same for an instant that somebody writes down: it names its zone, since the writer's clock may show another one than UTC. */
export function writtenInstantProblem(text: string): InstantProblem | undefined {
  return instantProblem(text) ?? (namesZone(text) ? undefined : zoneProblem(text.trim()));
}

/** Whether a text that `parseInstant` takes says which zone its clock shows. */
export function namesZone(text: string): boolean {
  return /[Z+-]/.test(text.trim().slice('2026-11-23'.length));
}

function zoneProblem(text: string): InstantProblem {
  const [date, time = '00:00'] = text.split(/[T ]/);
  const whole = `${date}T${time.length === 5 ? `${time}:00` : time}`;
  return { message: 'has no time zone', cure: `Write ${whole}Z, or with an offset such as ${whole}+09:00.` };
}

/**
 * Reads an ISO 8601 instant; text without a zone is UTC. Up to six fraction digits count, further ones are dropped.
 * Returns undefined for anything else, days that no calendar has among it.
 */
export function parseInstant(text: string): Micros | undefined {
  const match = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?)?(Z|[+-]\d{2}(?::?\d{2})?)?$/.exec(text.trim());
  if (match === null) return undefined;
  const [, date, minutes = '00:00', seconds = '00', fraction = '', zone = 'Z'] = match;
  const offset = zone === 'Z' ? 'Z' : zone.length === 3 ? `${zone}:00` : zone.length === 5 ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone;
  const millis = Date.parse(`${date}T${minutes}:${seconds}${offset}`);
  // Date.parse takes the 30th of February for the 2nd of March.
  if (Number.isNaN(millis) || new Date(`${date}T00:00:00Z`).getUTCDate() !== Number(date!.slice(8))) return undefined;
  return millis * 1000 + Number(fraction.slice(0, 6).padEnd(6, '0'));
}

/** `2026-11-23T10:00:00.000000Z`: always six fraction digits, so that text order is time order. */
export function formatInstant(micros: Micros): string {
  const millis = Math.floor(micros / 1000);
  const rest = String(micros - millis * 1000).padStart(3, '0');
  return new Date(millis).toISOString().replace('Z', `${rest}Z`);
}
