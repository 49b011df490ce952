import { clockAt, instantOf } from './zone-clock.ts';
import type { CsvRecord } from './csv-records.ts';
import { GREATEST_GROUND_MINUTES, SOURCE_ZONE } from './load-options.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
/** Airports of the Caribbean that airports.csv leaves out: Aguadilla, Ponce, San Juan and Saint Thomas share one time, without daylight saving. */
const CARIBBEAN: ReadonlySet<unknown> = new Set(['BQN', 'PSE', 'SJU', 'STT']);

/** Times of a flight before the shift, in milliseconds. */
export interface FlightTimes {
  /** What New York's clocks show at the scheduled departure. */
  readonly departureClock: number;
  /** From the scheduled departure to the arrival; null for a flight that did not arrive, or whose destination has no time zone. */
  readonly toArrival: number | null;
}

/** Zones of airports, by their codes. */
export type AirportZones = ReadonlyMap<unknown, string>;

/** Arrivals are told by the destination's clocks, without a day: the scheduled one is the first time after the departure at which they show `sched_arr_time`. */
export function flightTimes(flight: CsvRecord, zones: AirportZones): FlightTimes {
  const departureClock = dayOf(flight) + clockMillis(flight['sched_dep_time'] as number);
  const zone = zones.get(flight['dest']) ?? (CARIBBEAN.has(flight['dest']) ? 'America/Puerto_Rico' : undefined);
  const [scheduled, delay] = [minutesOf(flight, 'sched_arr_time'), minutesOf(flight, 'arr_delay')];
  if (zone === undefined || scheduled === null || delay === null) return { departureClock, toArrival: null };
  const departs = instantOf(departureClock, SOURCE_ZONE);
  const today = Math.floor(clockAt(departs, zone) / DAY) * DAY + clockMillis(scheduled);
  const arrives = [today, today + DAY].map((clock) => instantOf(clock, zone)).find((instant) => instant > departs)!;
  return { departureClock, toArrival: arrives - departs + delay * MINUTE };
}

/** Midnight of the flight's day, as if it were Greenwich's. */
export function dayOf(flight: CsvRecord): number {
  return Date.UTC(flight['year'] as number, (flight['month'] as number) - 1, flight['day'] as number);
}

/** Whether the flight's times contradict each other: an arrival that cannot be placed although there is a delay, or that leaves less time than it was in the air, or far more. */
export function isContradictory(flight: CsvRecord, { toArrival }: FlightTimes): boolean {
  const [departureDelay, inAir] = [minutesOf(flight, 'dep_delay'), minutesOf(flight, 'air_time')];
  if (toArrival === null) return minutesOf(flight, 'arr_delay') !== null;
  if (departureDelay === null || inAir === null) return false;
  const ground = toArrival / MINUTE - departureDelay - inAir;
  return ground < 0 || ground > GREATEST_GROUND_MINUTES;
}

function minutesOf(flight: CsvRecord, column: string): number | null {
  return flight[column] as number | null;
}

/** A time written as hours * 100 + minutes. */
function clockMillis(time: number): number {
  return (Math.floor(time / 100) * 60 + (time % 100)) * MINUTE;
}
