import { nearest } from '../nearest.ts';

/** The minutes of a calendar that a cron expression names; lists are sorted and without repetition. */
export interface CalendarTimes {
  readonly kind: 'calendar';
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  /** 1 to 31. */
  readonly daysOfMonth: readonly number[];
  /** 1 to 12. */
  readonly months: readonly number[];
  /** 0 (Sunday) to 6. */
  readonly daysOfWeek: readonly number[];
}

/** Every so many seconds, counted from 1970-01-01T00:00:00Z. */
export interface IntervalTimes {
  readonly kind: 'interval';
  readonly everySeconds: number;
}

export type CronTimes = CalendarTimes | IntervalTimes;

/** What is wrong with an expression, and at which of its characters (from 1). */
export interface CronFault {
  readonly position: number;
  readonly message: string;
}

interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** Names of the values from `min` on, by their first three letters. */
  readonly names: readonly string[];
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

const FIELDS: readonly Field[] = [
  { name: 'minute', min: 0, max: 59, names: [] },
  { name: 'hour', min: 0, max: 23, names: [] },
  { name: 'day of month', min: 1, max: 31, names: [] },
  { name: 'month', min: 1, max: 12, names: MONTHS },
  { name: 'day of week', min: 0, max: 7, names: DAYS },
];

const SHORTHANDS: Readonly<Record<string, string>> = { '@hourly': '0 * * * *', '@daily': '0 0 * * *', '@midnight': '0 0 * * *', '@weekly': '0 0 * * 0', '@monthly': '0 0 1 * *', '@yearly': '0 0 1 1 *', '@annually': '0 0 1 1 *' };
const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/**
 * Reads five fields (minute, hour, day of month, month, day of week; `*`, `1,2`, `1-5`, steps, names), a shorthand such as `@daily`, or `@every 15m` (s, m, h, d).
 * Every fault with its place. A day that is no day of month and of week at once is refused: cron runs on days that are either, Temporal on days that are both.
 */
export function parseCron(expression: string): { readonly times?: CronTimes; readonly faults: readonly CronFault[] } {
  const text = expression.trimEnd();
  if (text.trimStart().startsWith('@')) return parseShorthand(text);
  const words = [...text.matchAll(/\S+/g)].map((match) => ({ word: match[0], position: match.index + 1 }));
  if (words.length !== FIELDS.length) return fault(Math.max(1, text.length), `it has ${words.length} ${words.length === 1 ? 'field' : 'fields'}, not five: ${FIELDS.map(({ name }) => name).join(', ')}`);
  const faults: CronFault[] = [];
  const [minutes, hours, daysOfMonth, months, weekdays] = words.map(({ word, position }, index) => parseField(word, position, FIELDS[index]!, faults)) as [number[], number[], number[], number[], number[]];
  if (faults.length > 0) return { faults };
  const daysOfWeek = sorted(weekdays.map((day) => day % 7));
  if (daysOfMonth.length < 31 && daysOfWeek.length < 7) return fault(words[4]!.position, 'day of month and day of week are both given: cron would run on days that are either, Temporal on days that are both. Leave one of them *, or make two schedules');
  return { times: { kind: 'calendar', minutes, hours, daysOfMonth, months, daysOfWeek }, faults };
}

function fault(position: number, message: string): { readonly faults: readonly CronFault[] } {
  return { faults: [{ position, message }] };
}

function parseShorthand(text: string): ReturnType<typeof parseCron> {
  const start = text.length - text.trimStart().length;
  const word = text.trimStart();
  const every = /^@every\s+(\d{1,6})([smhd])$/.exec(word);
  if (every !== null) {
    const everySeconds = Number(every[1]) * UNIT_SECONDS[every[2]!]!;
    return everySeconds > 0 ? { times: { kind: 'interval', everySeconds }, faults: [] } : fault(start + 1 + word.indexOf(every[1]!), 'it must be more than 0');
  }
  const fields = SHORTHANDS[word.toLowerCase()];
  if (fields !== undefined) return parseCron(fields);
  if (word.startsWith('@every')) return fault(start + 1 + '@every'.length, '@every is followed by a number and s, m, h or d, as in "@every 15m"');
  const near = nearest(word, Object.keys(SHORTHANDS));
  return fault(start + 1, `${JSON.stringify(word)} is unknown. ${near === undefined ? `There is ${Object.keys(SHORTHANDS).join(', ')}, @every` : `Did you mean "${near}"?`}`);
}

function parseField(word: string, position: number, field: Field, faults: CronFault[]): readonly number[] {
  const values: number[] = [];
  let at = position;
  for (const part of word.split(',')) {
    values.push(...parsePart(part, at, field, faults));
    at += part.length + 1;
  }
  return sorted(values);
}

/** `*`, `5`, `1-5`, `mon-fri`, each with `/step`. */
function parsePart(part: string, position: number, field: Field, faults: CronFault[]): readonly number[] {
  const [range = '', step, ...more] = part.split('/');
  const by = step === undefined ? 1 : /^\d{1,3}$/.test(step) ? Number(step) : 0;
  if (by === 0 || more.length > 0) return wrong(faults, position + range.length + 1, `the step of ${field.name}, ${JSON.stringify([step, ...more].join('/'))}, is not a whole number above 0`);
  const [from, to] = range === '*' || range === '?' ? [field.min, lastOf(field)] : parseRange(range, position, step !== undefined, field, faults);
  if (from === undefined || to === undefined) return [];
  if (to < from) return wrong(faults, position, `${field.name} ${JSON.stringify(range)} ends before it begins`);
  return Array.from({ length: Math.floor((to - from) / by) + 1 }, (_, index) => from + index * by);
}

function parseRange(range: string, position: number, stepped: boolean, field: Field, faults: CronFault[]): readonly (number | undefined)[] {
  const [first = '', last, ...more] = range.split('-');
  if (more.length > 0) return wrong(faults, position, `${field.name} ${JSON.stringify(range)} is no range such as 1-5`);
  const from = parseValue(first, position, field, faults);
  if (last === undefined) return [from, stepped ? lastOf(field) : from];
  return [from, parseValue(last, position + first.length + 1, field, faults)];
}

function parseValue(text: string, position: number, field: Field, faults: CronFault[]): number | undefined {
  const named = field.names.findIndex((name) => text.toLowerCase() === name);
  if (named >= 0) return field.min + named;
  const value = /^\d{1,3}$/.test(text) ? Number(text) : undefined;
  if (value !== undefined && value >= field.min && value <= field.max) return value;
  const names = field.names.length === 0 ? '' : `, nor one of ${field.names.join(', ')}`;
  faults.push({ position, message: `${field.name} ${JSON.stringify(text)} is not a number from ${field.min} to ${field.max}${names}` });
  return undefined;
}

/** Of the days of the week 6: 7 is Sunday a second time. */
function lastOf({ max }: Field): number {
  return max === 7 ? 6 : max;
}

function wrong(faults: CronFault[], position: number, message: string): readonly never[] {
  faults.push({ position, message });
  return [];
}

function sorted(values: readonly number[]): number[] {
  return [...new Set(values)].sort((a, b) => a - b);
}
