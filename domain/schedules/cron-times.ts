import type { CalendarTimes, CronTimes } from './cron.ts';

const DAY = 86_400;
const HOUR = 3600;
/** The longest time without a 29th of February is eight years. */
const HORIZON_DAYS = 9 * 366;

/**
 * The seconds since 1970 at which the expression is due after `from`, in order, for nine years. As Temporal does: a time that the zone's clock leaves out does not come, and one
 * that it shows twice comes twice.
 */
export function* dueTimes(times: CronTimes, timeZone: string, from: number): Generator<number, undefined> {
  if (times.kind === 'interval') {
    const first = (Math.floor(from / times.everySeconds) + 1) * times.everySeconds;
    for (let at = first; at < from + HORIZON_DAYS * DAY; at += times.everySeconds) yield at;
    return undefined;
  }
  const offsetAt = offsetsOf(timeZone);
  for (const day of dueDays(times, from)) for (const at of dueOnDay(times, day, offsetAt)) if (at > from) yield at;
  return undefined;
}

/** The longest time between two times at which the expression is due, from `from` on, in seconds; undefined when there are not two of them in nine years. */
export function longestGap(times: CronTimes, timeZone: string, from: number): number | undefined {
  if (times.kind === 'interval') return times.everySeconds;
  const offsetAt = offsetsOf(timeZone);
  const clock = clockSeconds(times);
  const within = clock.reduce((longest, second, index) => Math.max(longest, index === 0 ? 0 : second - clock[index - 1]!), 0);
  let [longest, last]: [number | undefined, number | undefined] = [undefined, undefined];
  for (const day of dueDays(times, from)) {
    const steady = offsetAt(day - DAY) === offsetAt(day + 2 * DAY);
    // Between the first and the last time of a day without a change of the clock lie the gaps of every such day.
    const due = steady ? [day + clock[0]! - offsetAt(day), day + clock.at(-1)! - offsetAt(day)] : dueOnDay(times, day, offsetAt);
    if (steady && clock.length > 1) longest = Math.max(longest ?? 0, within);
    due.forEach((at, index) => {
      if (last !== undefined && !(steady && index > 0)) longest = Math.max(longest ?? 0, at - last);
      last = at;
    });
  }
  return longest;
}

/** Local midnights, as if local time were UTC, of the days that match. */
function* dueDays({ daysOfMonth, months, daysOfWeek }: CalendarTimes, from: number): Generator<number, undefined> {
  const first = Math.floor(from / DAY) - 1; // local time may be a day behind
  for (let index = first; index < first + HORIZON_DAYS; index++) {
    const date = new Date(index * DAY * 1000);
    if (daysOfMonth.includes(date.getUTCDate()) && months.includes(date.getUTCMonth() + 1) && daysOfWeek.includes(date.getUTCDay())) yield index * DAY;
  }
  return undefined;
}

function clockSeconds({ hours, minutes }: CalendarTimes): readonly number[] {
  return hours.flatMap((hour) => minutes.map((minute) => hour * HOUR + minute * 60));
}

function dueOnDay(times: CalendarTimes, day: number, offsetAt: (at: number) => number): readonly number[] {
  const offsets = [...new Set([offsetAt(day - DAY), offsetAt(day + 2 * DAY)])];
  const due = clockSeconds(times).flatMap((second) => offsets.map((offset) => day + second - offset).filter((at) => at + offsetAt(at) === day + second));
  return due.sort((a, b) => a - b);
}

/** Seconds that the zone's clock is ahead of UTC, at a second since 1970. Quarters of an hour are looked up once. */
function offsetsOf(timeZone: string): (at: number) => number {
  if (timeZone === 'UTC') return () => 0;
  const format = new Intl.DateTimeFormat('en-US', { timeZone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' });
  const known = new Map<number, number>();
  return (at) => {
    const quarter = Math.floor(at / 900) * 900;
    const found = known.get(quarter);
    if (found !== undefined) return found;
    const part = Object.fromEntries(format.formatToParts(quarter * 1000).map(({ type, value }) => [type, Number(value)]));
    const offset = Date.UTC(part['year']!, part['month']! - 1, part['day'], part['hour'], part['minute'], part['second']) / 1000 - quarter;
    known.set(quarter, offset);
    return offset;
  };
}
