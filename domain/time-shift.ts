import type { Micros } from './instant.ts';

const MILLIS_PER_DAY = 86_400_000;
const DAYS_PER_WEEK = 7;

/**
 * The whole number of weeks by which old data must move for `now` to fall into their last full week: the last Monday to Sunday that ends on or before
 * `lastDay` (the last calendar day of the data, `YYYY-MM-DD`, before the shift).
 *
 * The weeks are added to wall-clock times of `timeZone`, which are then converted to instants again: weekday and hour of every row stay true. Daylight saving
 * time begins and ends on other days in another year. A wall-clock time that does not exist on its new day (the hour skipped in spring) becomes the instant one
 * hour later on the clock; one that exists twice there (autumn) becomes the second of both; the two that existed twice on their old day become one.
 */
export function weeksIntoLastFullWeek(now: Micros, lastDay: string, timeZone: string): number {
  const last = dayNumber(lastDay);
  const lastMonday = last - daysSinceMonday(last + 1) - (DAYS_PER_WEEK - 1);
  const today = dayNumber(calendarDay(now, timeZone));
  return (today - daysSinceMonday(today) - lastMonday) / DAYS_PER_WEEK;
}

/** The calendar day (`YYYY-MM-DD`) that the wall clocks of a time zone show at an instant. */
export function calendarDay(instant: Micros, timeZone: string): string {
  const parts = new Intl.DateTimeFormat('en-US', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' }).formatToParts(Math.floor(instant / 1000));
  const part = (type: string): string => parts.find((candidate) => candidate.type === type)?.value ?? '';
  return `${part('year').padStart(4, '0')}-${part('month')}-${part('day')}`;
}

/** Days since 1970-01-01. */
function dayNumber(day: string): number {
  const millis = Date.parse(`${day}T00:00:00Z`);
  if (Number.isNaN(millis)) throw new RangeError(`not a calendar day: ${day}`);
  return millis / MILLIS_PER_DAY;
}

/** 0 on a Monday; 1970-01-01 was a Thursday. */
function daysSinceMonday(day: number): number {
  return (((day + 3) % DAYS_PER_WEEK) + DAYS_PER_WEEK) % DAYS_PER_WEEK;
}
