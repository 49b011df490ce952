import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { PipelineError } from '../../domain/errors.ts';
import { CSV_FILES, CSV_NAMES, csvPath } from './csv-files.ts';

/**
 * Copies the CSV files as they are into temporary tables `<name>_csv` that end with the transaction. Files are streamed: none is held in memory.
 * INVALID_DATA when a file's header or a value is not what is expected.
 */
export async function stageCsvFiles(client: pg.ClientBase, folder: string): Promise<void> {
  for (const name of CSV_NAMES) {
    await client.query(`CREATE TEMPORARY TABLE ${name}_csv (${CSV_FILES[name]}) ON COMMIT DROP`);
    const rows = client.query(copyFrom(`COPY ${name}_csv FROM STDIN (FORMAT csv, HEADER match, NULL 'NA')`));
    try {
      await pipeline(createReadStream(csvPath(folder, name)), rows);
    } catch (error) {
      throw isDataError(error) ? new PipelineError('INVALID_DATA', `${csvPath(folder, name)} cannot be read: ${error.message}`, { cause: error }) : error;
    }
    await client.query(`ANALYZE ${name}_csv`);
  }
}

/** SQLSTATE class 22: the data do not fit. */
function isDataError(error: unknown): error is Error {
  return error instanceof Error && String((error as { code?: unknown }).code).startsWith('22');
}
