import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { JOIN_STRATEGIES } from '../../ports/warehouse.ts';
import type { Bench } from '../run.ts';
import { runChild, type Outcome } from './child.ts';
import { connectionParts } from './connections.ts';
import { lateralQuery, refuseDifference, sumsOfParquet, sumsOfQuery } from './feature-sums.ts';
import { ALL_FLIGHTS, type Flights } from './flights.ts';
import { takeTurns, TimeLimitError, type Samples, type Way } from './samples.ts';

export interface Joined extends Outcome {
  /** Writing the spine into the warehouse, of the ways that do it apart from the join. */
  readonly spineSeconds?: number;
}
export type Taken = ReadonlyMap<string, Samples<Joined>>;

/** Of a run of Feast. */
const LIMIT_SECONDS = { quick: 60, normal: 1200, full: 1200 } as const;
export const [PLAIN, FIXED, LATERAL, WAREHOUSE, SNAPSHOT, AUTO] = ['Feast as it is', 'Feast, enable_nestloop=off', 'LATERAL query by hand', 'ml-pipeline, warehouse', 'ml-pipeline, snapshot', 'ml-pipeline, auto'] as const;

function ways(bench: Bench, flights: Flights, rows: number, table: string, names: readonly string[]): Way<Joined>[] {
  const output = (name: string): string => join(bench.folder, `${name.replaceAll(/[^a-z]/gi, '')}-${rows}.parquet`);
  const feast = (name: string, url: string): Way<Joined> => ({
    name,
    once: true,
    run: async () => {
      const options = { postgres: connectionParts(url), redis: connectionParts(bench.servers.redisUrl), project: 'bench', folder: bench.folder, spine: table, output: output(name) };
      return runChild<Joined>(bench.feastPython!, [join(bench.root, 'bench', 'python', 'feast_historical.py')], options, LIMIT_SECONDS[bench.size]).catch(async (error: unknown) => {
        if (error instanceof TimeLimitError) await flights.client.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'flights' AND pid <> pg_backend_pid()"); // its query outlives it
        throw error;
      });
    },
  });
  const child = (file: string): string => join(import.meta.dirname, '..', 'children', file);
  const ours = [...JOIN_STRATEGIES, 'auto'].map((strategy): Way<Joined> => {
    const name = `ml-pipeline, ${strategy}`;
    return { name, run: () => runChild<Joined>(process.execPath, [child('join-features.js')], { url: flights.url, spine: table, strategy, output: output(name) }) };
  });
  const lateral: Way<Joined> = { name: LATERAL, run: () => runChild<Joined>(process.execPath, [child('lateral-query.js')], { url: flights.url, sql: lateralQuery(table) }) };
  const peers = bench.feastPython === undefined ? [] : [feast(PLAIN, flights.url), feast(FIXED, flights.fixedUrl)];
  return [...peers, lateral, ...ours].filter(({ name }) => names.includes(name));
}

/** Measures the ways that are named, and compares what came out. */
export async function compareJoins(bench: Bench, flights: Flights, rows: number, names: readonly string[]): Promise<Taken> {
  console.error(`historical features, ${rows} rows`);
  const table = await flights.table(rows);
  const chosen = ways(bench, flights, rows, table, names);
  const taken = await takeTurns(chosen, bench.repeats);
  const expected = rows <= ALL_FLIGHTS ? await sumsOfQuery(flights.client, lateralQuery(table)) : undefined;
  for (const { name, results } of taken.values()) {
    if (name === LATERAL || results.length === 0) continue;
    const file = join(bench.folder, `${name.replaceAll(/[^a-z]/gi, '')}-${rows}.parquet`);
    const sums = await sumsOfParquet(file);
    if (sums.rows !== rows) throw new Error(`${name} gave ${sums.rows} rows for ${rows}`);
    if (expected !== undefined) refuseDifference(name, sums, expected);
    await rm(file);
  }
  return taken;
}
