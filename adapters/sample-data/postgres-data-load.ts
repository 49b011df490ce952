import type pg from 'pg';
import { SOURCE, type DataLoad } from './load-options.ts';

/** One row: the load that is there. It is written in the transaction that writes the data, so that it never speaks of other rows. */
const TABLE = `CREATE TABLE IF NOT EXISTS raw_data.data_load (
  source text PRIMARY KEY, shift_weeks int NOT NULL, source_last_day text NOT NULL, hashes json NOT NULL, row_counts json NOT NULL, loaded_at timestamptz NOT NULL DEFAULT now())`;

export async function prepareDataLoad(client: pg.ClientBase): Promise<void> {
  for (const schema of ['raw_data', 'feature_mart']) {
    // Asking first: IF NOT EXISTS alone wants the right to create schemas even where there is nothing to create.
    const { rowCount } = await client.query('SELECT 1 FROM pg_namespace WHERE nspname = $1', [schema]);
    if (rowCount === 0) await client.query(`CREATE SCHEMA ${schema}`);
  }
  await client.query(TABLE);
}

export async function readDataLoad(client: pg.ClientBase): Promise<DataLoad | undefined> {
  const { rows } = await client.query<DataLoad>(
    'SELECT shift_weeks AS "shiftWeeks", source_last_day AS "sourceLastDay", hashes, row_counts AS rows FROM raw_data.data_load WHERE source = $1',
    [SOURCE],
  );
  return rows[0];
}

export async function writeDataLoad(client: pg.ClientBase, load: DataLoad): Promise<void> {
  await client.query('DELETE FROM raw_data.data_load WHERE source = $1', [SOURCE]);
  await client.query('INSERT INTO raw_data.data_load (source, shift_weeks, source_last_day, hashes, row_counts) VALUES ($1, $2, $3, $4, $5)', [
    SOURCE,
    load.shiftWeeks,
    load.sourceLastDay,
    JSON.stringify(load.hashes),
    JSON.stringify(load.rows),
  ]);
}
