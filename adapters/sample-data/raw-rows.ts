import { csvColumns, readRecords, type CsvRecord } from './csv-records.ts';
import { CSV_NAMES, type CsvName } from './csv-files.ts';
import { dayOf, flightTimes, isContradictory, type AirportZones } from './flight-times.ts';
import { contradictoryFlights, noFlight, SOURCE_ZONE } from './load-options.ts';
import { clockAt, instantOf } from './zone-clock.ts';

const WEEK = 7 * 86_400_000;
const HOUR = 3_600_000;

/** A row of a raw table: instants as text in UTC, days as `YYYY-MM-DD`. */
export type RawRow = Readonly<Record<string, string | number | null>>;

export interface RawColumn {
  readonly name: string;
  readonly type: 'text' | 'int' | 'float8' | 'timestamptz' | 'date';
  /** What it means, where it is not the source's own. */
  readonly description?: string;
}

/** What the rows of a load are made with. */
export interface RawMaking {
  readonly folder: string;
  readonly shiftWeeks: number;
  readonly zones: AirportZones;
}

/** Rules of this file are a part of what a load is known by: raise it where the same files are to give other rows. */
export const RAW_RULES = 1;

/** Columns of a raw table, in its order: those of the file, and those that the shift adds. */
export function rawColumns(name: CsvName): readonly RawColumn[] {
  const own = csvColumns(name) as readonly RawColumn[];
  if (name === 'weather') {
    const described = own.map((column) => (column.name === 'time_hour' ? { ...column, description: 'Start of the hour that the record covers' } : column));
    return [...described, { name: 'source_time_hour', type: 'timestamptz', description: 'Start of that hour before the shift: tells apart two hours that the shift made one' }];
  }
  if (name !== 'flights') return own;
  return [
    { name: 'flight_date', type: 'date', description: 'Day of the scheduled departure, New York' },
    ...own,
    { name: 'event_timestamp', type: 'timestamptz', description: 'Scheduled departure' },
    { name: 'arrival_timestamp', type: 'timestamptz', description: 'Arrival; null for a flight that was cancelled or diverted' },
  ];
}

/** The rows of a raw table, by the same rules as PostgreSQL's loader makes them (postgres-raw-tables.ts), as the file is read. */
export async function* rawRows(name: CsvName, making: RawMaking): AsyncGenerator<RawRow> {
  for await (const record of readRecords(making.folder, name)) yield name === 'flights' ? flightRow(record, making) : name === 'weather' ? weatherRow(record, making) : record;
}

function flightRow(flight: CsvRecord, { shiftWeeks, zones }: RawMaking): RawRow {
  const { departureClock, toArrival } = flightTimes(flight, zones);
  const clock = departureClock + shiftWeeks * WEEK;
  const departs = instantOf(clock, SOURCE_ZONE);
  return {
    ...flight,
    ...calendar(clock),
    flight_date: new Date(clock).toISOString().slice(0, 10),
    time_hour: instant(instantOf(Math.floor(clock / HOUR) * HOUR, SOURCE_ZONE)),
    event_timestamp: instant(departs),
    arrival_timestamp: toArrival === null ? null : instant(departs + toArrival),
  };
}

function weatherRow(weather: CsvRecord, { shiftWeeks }: RawMaking): RawRow {
  const hour = weather['time_hour'] as number;
  const clock = clockAt(hour, SOURCE_ZONE) + shiftWeeks * WEEK;
  return { ...weather, ...calendar(clock), hour: new Date(clock).getUTCHours(), time_hour: instant(instantOf(clock, SOURCE_ZONE)), source_time_hour: instant(hour) };
}

function calendar(clock: number) {
  const date = new Date(clock);
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
}

function instant(millis: number): string {
  return new Date(millis).toISOString();
}

/** Reads all files once, so that nothing is written where one of them is wrong. The last calendar day of the source, `YYYY-MM-DD`, and the airports' zones. */
export async function surveyFiles(folder: string): Promise<{ readonly sourceLastDay: string; readonly zones: AirportZones }> {
  const zones = new Map<unknown, string>();
  for (const name of CSV_NAMES) {
    if (name === 'flights') continue;
    for await (const record of readRecords(folder, name)) if (name === 'airports' && record['tzone'] !== null) zones.set(record['faa'], String(record['tzone']));
  }
  let [last, contradictory] = [-Infinity, 0];
  for await (const flight of readRecords(folder, 'flights')) {
    last = Math.max(last, dayOf(flight));
    if (isContradictory(flight, flightTimes(flight, zones))) contradictory += 1;
  }
  if (last === -Infinity) throw noFlight();
  if (contradictory > 0) throw contradictoryFlights(contradictory);
  return { sourceLastDay: new Date(last).toISOString().slice(0, 10), zones };
}
