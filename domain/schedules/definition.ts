import { suggestion } from '../nearest.ts';
import { isRecord, boolean, choice, refuse, show, text, within, type Shape } from '../validation/shape.ts';
import { defaulted, object, optional, required, type ObjectOf } from '../validation/object.ts';
import { parseCron } from './cron.ts';
import { dueTimes } from './cron-times.ts';

/** Workflows that a schedule may start. */
export const SCHEDULED_WORKFLOWS = ['materializeFeatures', 'backfillFeatures', 'trainModel'] as const;

/**
 * What becomes of a run that is due while the last one is under way. `buffer_one`: one waits, further ones are dropped. `buffer_all`: all wait. `skip`: it is dropped.
 * `cancel_other`: the one under way is cancelled. (Temporal's other two are left out: one lets runs meet, the other ends a run without letting it clear up.)
 */
export const OVERLAPS = ['buffer_one', 'buffer_all', 'skip', 'cancel_other'] as const;
export type Overlap = (typeof OVERLAPS)[number];

/** Less than that Temporal does not take. */
const LEAST_CATCHUP_SECONDS = 10;
const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** `45s`, `10m`, `24h` or `7d` in seconds; undefined for anything else. */
export function durationSeconds(duration: string): number | undefined {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(duration) ?? [];
  return count === undefined ? undefined : Number(count) * UNIT_SECONDS[unit!]!;
}

const cron: Shape<string> = (value, spot) => {
  if (typeof value !== 'string' || value.trim() === '') return refuse(spot, `is ${show(value)}, not a cron expression such as "0 */6 * * *"`);
  const { times, faults } = parseCron(value);
  for (const { position, message } of faults) refuse(spot, `is ${show(value)}; character ${position}: ${message}`);
  if (times !== undefined && dueTimes(times, 'UTC', 0).next().done === true) refuse(spot, `is ${show(value)}, which no day of the calendar has`);
  return value.trim();
};

const timeZone: Shape<string> = (value, spot) => {
  const known = Intl.supportedValuesOf('timeZone');
  if (typeof value === 'string' && (value === 'UTC' || known.includes(value))) return value;
  if (typeof value !== 'string') return refuse(spot, `is ${show(value)}, not the name of a time zone such as "Europe/Berlin"`);
  return otherNameOf(value) ?? refuse(spot, `is ${show(value)}, which is no time zone`, /[/]/.test(value) ? suggestion(value, known).slice(0, 300) : 'A time zone has a name such as "UTC" or "Europe/Berlin".');
};

/** Names that are not in the list but mean a zone in it (`US/Pacific`); no bare offsets, which Temporal does not know. */
function otherNameOf(name: string): string | undefined {
  if (!/^[A-Za-z]/.test(name)) return undefined;
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions().timeZone;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

const catchupWindow: Shape<string> = (value, spot) => {
  const seconds = typeof value === 'string' ? durationSeconds(value) : undefined;
  if (seconds === undefined) return refuse(spot, `is ${show(value)}, not a duration such as "24h" (s, m, h, d)`);
  return seconds < LEAST_CATCHUP_SECONDS ? refuse(spot, `is ${show(value)}, less than ${LEAST_CATCHUP_SECONDS}s`) : (value as string);
};

const input: Shape<Readonly<Record<string, unknown>>> = (value, spot) => (isRecord(value) ? value : refuse(spot, `is ${show(value)}, not a mapping with the input of the workflow`));

const scheduleFields = {
  workflow: defaulted(choice(SCHEDULED_WORKFLOWS), 'materializeFeatures'),
  cron: required(cron),
  time_zone: defaulted(timeZone, 'UTC'),
  /** The workflow's input. A materialization is incremental unless it says `incremental: false`. */
  input: defaulted(input, {}),
  overlap: defaulted(choice(OVERLAPS), 'buffer_one'),
  /** How late a run may begin that the server missed; later, it is dropped. */
  catchup_window: defaulted(catchupWindow, '7d'),
  /** Whether a failed run stops the schedule until somebody resumes it. */
  pause_on_failure: defaulted(boolean(), false),
  description: optional(text()),
};

/** What a schedule starts, and when: as settings and options say it, with every default filled in. */
export type ScheduleDefinition = ObjectOf<typeof scheduleFields>;

const fields = object(scheduleFields);

export const scheduleDefinition: Shape<ScheduleDefinition> = (value, spot) => {
  const definition = fields(value, spot);
  return definition?.workflow === 'materializeFeatures' && isRecord(definition.input) ? { ...definition, input: { incremental: true, ...definition.input } } : definition;
};

const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/;

/** The name is Temporal's id of the schedule, and part of its workflows' ids. */
export const scheduleName: Shape<string> = text({ pattern: NAME, means: 'a name of letters, digits, _, . and -' });

/** Schedules by name. */
export const schedules: Shape<Readonly<Record<string, ScheduleDefinition>>> = (value, spot) => {
  if (!isRecord(value)) return refuse(spot, `is ${show(value)}, not a mapping of names to schedules`);
  return Object.fromEntries(Object.entries(value).map(([name, definition]) => [scheduleName(name, within(spot, name)), scheduleDefinition(definition, within(spot, name))]));
};
