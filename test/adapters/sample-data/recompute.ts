import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The source read again in plain code, without a database: what the loader's results are compared with. */
export interface SourceFlight {
  readonly row: Readonly<Record<string, string>>;
  /** Scheduled departure and arrival of the source, before the shift, milliseconds. */
  readonly departs: number;
  readonly arrives: number | undefined;
}

const DAY = 86_400_000;

export function readCsv(file: string): Record<string, string>[] {
  const [header = '', ...lines] = readFileSync(file, 'utf8').trim().split('\n');
  const names = header.split(',');
  return lines.map((line) => Object.fromEntries(splitLine(line).map((value, i) => [names[i]!, value])));
}

/** Only airports' names hold quotes. */
function splitLine(line: string): string[] {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map((match) => match[1] ?? match[2] ?? '');
}

/** The instants at which the clocks of an American zone (3 to 11 hours behind Greenwich) show this time: none, one or two, in order. */
function instantsOf(clock: number, zone: string): number[] {
  return [3, 4, 5, 6, 7, 8, 9, 10, 11].map((hours) => clock + hours * 3_600_000).filter((instant) => clockAt(instant, zone) === clock);
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** What the clocks of a zone show at an instant, as if they were Greenwich's. */
export function clockAt(instant: number, zone: string): number {
  const format = formats.get(zone) ?? new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' });
  formats.set(zone, format);
  return Date.parse(`${format.format(instant).replace(' ', 'T')}Z`);
}

/** The instant of a time on New York's clocks; the later one where there are two. */
export function newYork(clock: number): number {
  const found = instantsOf(clock, 'America/New_York').at(-1);
  if (found === undefined) throw new Error(`no such time: ${new Date(clock).toISOString()}`);
  return found;
}

export function readFlights(folder: string): SourceFlight[] {
  const zones = new Map(readCsv(join(folder, 'airports.csv')).map((airport) => [airport['faa'], airport['tzone']]));
  return readCsv(join(folder, 'flights.csv')).map((row) => {
    const number = (name: string): number => Number(row[name]);
    const midnight = Date.UTC(number('year'), number('month') - 1, number('day'));
    const departs = newYork(midnight + minutes(number('sched_dep_time')));
    if (row['arr_delay'] === 'NA') return { row, departs, arrives: undefined };
    const zone = zones.get(row['dest']) ?? 'America/Puerto_Rico';
    const firstDay = Math.floor(clockAt(departs, zone) / DAY) * DAY;
    const scheduled = [0, 1].flatMap((days) => instantsOf(firstDay + days * DAY + minutes(number('sched_arr_time')), zone)).find((instant) => instant > departs)!;
    return { row, departs, arrives: scheduled + number('arr_delay') * 60_000 };
  });
}

/** `hours * 100 + minutes` in milliseconds. */
function minutes(clock: number): number {
  return (Math.floor(clock / 100) * 60 + (clock % 100)) * 60_000;
}

/** Flights, mean departure delay and share late over the arrivals in (midnight - 7 days, midnight], summed flight by flight. */
export function recomputeStats(flights: readonly SourceFlight[], midnight: number): { readonly flights: number; readonly delay: number | null; readonly late: number | null } {
  const from = newYork(clockAt(midnight, 'America/New_York') - 7 * DAY);
  const known = flights.filter((flight) => flight.arrives !== undefined && flight.arrives > from && flight.arrives <= midnight);
  const sum = (of: (flight: SourceFlight) => number): number => known.reduce((total, flight) => total + of(flight), 0);
  if (known.length === 0) return { flights: 0, delay: null, late: null };
  return { flights: known.length, delay: sum((flight) => Number(flight.row['dep_delay'])) / known.length, late: sum((flight) => (Number(flight.row['arr_delay']) > 15 ? 1 : 0)) / known.length };
}
