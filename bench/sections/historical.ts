import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { JOIN_STRATEGIES } from '../../ports/warehouse.ts';
import type { Bench } from '../run.ts';
import { runChild, type Outcome } from '../support/child.ts';
import { connectionParts } from '../support/connections.ts';
import { lateralQuery, refuseDifference, sumsOfParquet, sumsOfQuery } from '../support/feature-sums.ts';
import { ALL_FLIGHTS, loadFlights, type Flights } from '../support/flights.ts';
import { goal, OTHERS_HEADER, othersCell, spread, times, type Section, type Table } from '../support/report.ts';
import { median, takeTurns, TimeLimitError, type Samples, type Way } from '../support/samples.ts';

interface Joined extends Outcome {
  /** Writing the spine into the warehouse, of the ways that do it apart from the join. */
  readonly spineSeconds?: number;
}
type Taken = ReadonlyMap<string, Samples<Joined>>;

/** Rows: of Feast as it is, of Feast with its planner fixed, of all flights, and of the longer ones that show how time grows. */
const SIZES: Readonly<Record<Bench['size'], { readonly plain: number; readonly fixed: readonly number[]; readonly all: number; readonly longer: readonly number[] }>> = {
  quick: { plain: 500, fixed: [4000], all: 50_000, longer: [] },
  normal: { plain: 1000, fixed: [50_000], all: ALL_FLIGHTS, longer: [1_000_000] },
  full: { plain: 4000, fixed: [50_000, ALL_FLIGHTS], all: ALL_FLIGHTS, longer: [1_000_000, 3_000_000, 10_000_000] },
};
const LIMIT_SECONDS = 120;
const FULL_LIMIT_SECONDS = 1200;
const [PLAIN, FIXED, LATERAL, WAREHOUSE, SNAPSHOT] = ['Feast as it is', 'Feast, enable_nestloop=off', 'LATERAL query by hand', 'ml-pipeline, warehouse', 'ml-pipeline, snapshot'] as const;

/** Point-in-time joins of flights with the four views of the project. */
export async function historical(bench: Bench): Promise<Section> {
  const flights = await loadFlights(bench);
  try {
    const sizes = SIZES[bench.size];
    const tables: Table[] = [];
    const plain = await compare(bench, flights, sizes.plain, [PLAIN, WAREHOUSE, SNAPSHOT], tables);
    const fixed = new Map<number, Taken>();
    for (const rows of new Set([...sizes.fixed, sizes.all])) fixed.set(rows, await compare(bench, flights, rows, [...(sizes.fixed.includes(rows) ? [FIXED] : []), LATERAL, WAREHOUSE, SNAPSHOT], tables));
    const longer = [[sizes.all, fixed.get(sizes.all)!] as const];
    for (const rows of sizes.longer) longer.push([rows, await compare(bench, flights, rows, [SNAPSHOT], [])]);
    if (longer.length > 1) tables.push(growth(longer));
    return { title: 'Historical features', text: TEXT, tables, goals: goals(plain, fixed, longer, sizes) };
  } finally {
    await flights.close();
  }
}

const TEXT = [
  'Flights of nycflights13, each joined with four views (weather by origin, plane_stats and plane_info by tail number, carrier_stats by carrier and origin; 16 features) as of its scheduled departure. All read the same tables of one PostgreSQL, each with',
  'an index on its keys and event timestamp. Feast writes a Parquet file by `get_historical_features(...).to_arrow()` of a spine given as a query; this project by what `ml-pipeline features historical` does. Both write the spine into the',
  "warehouse first, which is part of their time in the column \"with the spine\". The LATERAL query looks up the newest row of each view by hand (LATERAL ... ORDER BY event_timestamp DESC LIMIT 1) from the spine's table, and its rows are thrown away as they come (COPY, binary);",
  'it is to be compared with the column "join". Every way is a process of its own, whose start, imports and connecting are not counted, except in its CPU, which is that of the process and of PostgreSQL. Number of rows, number of values and sum of each feature were compared: they are the same by all ways.',
].join('\n');

function ways(bench: Bench, flights: Flights, rows: number, table: string, names: readonly string[]): Way<Joined>[] {
  const output = (name: string): string => join(bench.folder, `${name.replaceAll(/[^a-z]/gi, '')}-${rows}.parquet`);
  const feast = (name: string, url: string, limit: number): Way<Joined> => ({
    name,
    run: async () => {
      const options = { postgres: connectionParts(url), redis: connectionParts(bench.servers.redisUrl), project: 'bench', folder: bench.folder, spine: table, output: output(name) };
      return runChild<Joined>(bench.feastPython!, [join(bench.root, 'bench', 'python', 'feast_historical.py')], options, limit).catch(async (error: unknown) => {
        if (error instanceof TimeLimitError) await flights.client.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'flights' AND pid <> pg_backend_pid()"); // its query outlives it
        throw error;
      });
    },
  });
  const child = (file: string): string => join(import.meta.dirname, '..', 'children', file);
  const ours = JOIN_STRATEGIES.map((strategy): Way<Joined> => {
    const name = `ml-pipeline, ${strategy}`;
    return { name, run: () => runChild<Joined>(process.execPath, [child('join-features.js')], { url: flights.url, spine: table, strategy, output: output(name) }) };
  });
  const lateral: Way<Joined> = { name: LATERAL, run: () => runChild<Joined>(process.execPath, [child('lateral-query.js')], { url: flights.url, sql: lateralQuery(table) }) };
  const peers = bench.feastPython === undefined ? [] : [feast(PLAIN, flights.url, bench.size === 'quick' ? 20 : LIMIT_SECONDS), feast(FIXED, flights.fixedUrl, bench.size === 'full' ? FULL_LIMIT_SECONDS : LIMIT_SECONDS)];
  return [...peers, lateral, ...ours].filter(({ name }) => names.includes(name));
}

/** Measures, compares what came out, and adds the table. */
async function compare(bench: Bench, flights: Flights, rows: number, names: readonly string[], tables: Table[]): Promise<Taken> {
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
  tables.push(timesTable(rows, taken));
  return taken;
}

const whole = ({ seconds, spineSeconds = 0 }: Joined): number => seconds + spineSeconds;

function timesTable(rows: number, taken: Taken): Table {
  const feast = taken.get(FIXED) ?? taken.get(PLAIN);
  const best = (name: string): number => median(taken.get(name)?.results.map(({ seconds }) => seconds) ?? []);
  return {
    caption: `${rows.toLocaleString('en-US')} rows`,
    header: ['', 'join, s', 'with the spine, s', 'rows/s of the join', 'CPU of all, s', 'peak memory, MB', 'faster than Feast', 'faster than LATERAL', OTHERS_HEADER],
    rows: [...taken.values()].map((samples) => {
      const { name, results, limit } = samples;
      if (limit !== undefined) return [name, '', `not done after ${limit}`, '', '', '', '', '', othersCell(samples)];
      const isFeast = name.startsWith('Feast');
      const seconds = results.map((each) => each.seconds);
      return [
        name,
        isFeast ? '' : spread(seconds, 2),
        name === LATERAL ? '' : spread(results.map(whole), 2),
        Math.round(rows / median(seconds)).toLocaleString('en-US'),
        spread(samples.cpuSeconds, 1),
        spread(results.map(({ peakMb }) => peakMb), 0),
        name === LATERAL ? '' : times(median(feast?.results.map(whole) ?? []) / median(results.map(whole))),
        isFeast ? '' : times(best(LATERAL) / best(name)),
        othersCell(samples),
      ];
    }),
  };
}

function growth(longer: readonly (readonly [number, Taken])[]): Table {
  return {
    caption: 'How time and memory of `snapshot` grow',
    header: ['rows', 'join, s', 'microseconds a row', 'peak memory, MB', OTHERS_HEADER],
    rows: longer.map(([rows, taken]) => {
      const samples = taken.get(SNAPSHOT)!;
      const seconds = samples.results.map((each) => each.seconds);
      return [rows.toLocaleString('en-US'), spread(seconds, 2), ((median(seconds) / rows) * 1e6).toFixed(2), spread(samples.results.map(({ peakMb }) => peakMb), 0), othersCell(samples)];
    }),
  };
}

function goals(plain: Taken, fixed: ReadonlyMap<number, Taken>, longer: readonly (readonly [number, Taken])[], sizes: (typeof SIZES)['full']): Section['goals'] {
  const ratio = (taken: Taken, peer: string, name: string, value: (joined: Joined) => number): number => median(taken.get(peer)?.results.map(value) ?? []) / median(taken.get(name)!.results.map(value));
  const sides = (taken: Taken, ...names: string[]): Samples<Joined>[] => names.flatMap((name) => taken.get(name) ?? []);
  const seconds = ({ seconds }: Joined): number => seconds;
  const all = fixed.get(sizes.all)!;
  const count = (rows: number): string => rows.toLocaleString('en-US');
  const perRow = longer.map(([rows, taken]) => median(taken.get(SNAPSHOT)!.results.map(seconds)) / rows);
  const peak = Math.max(...longer.flatMap(([, taken]) => taken.get(SNAPSHOT)!.results.map(({ peakMb }) => peakMb)));
  return [
    goal(`\`snapshot\` against ${PLAIN}, ${count(sizes.plain)} rows`, 'at least', 75, 'x', ratio(plain, PLAIN, SNAPSHOT, whole), sides(plain, PLAIN, SNAPSHOT)),
    ...sizes.fixed.flatMap((rows) => {
      const taken = fixed.get(rows)!;
      return [
        goal(`\`warehouse\` against ${FIXED}, ${count(rows)} rows`, 'at least', 30, 'x', ratio(taken, FIXED, WAREHOUSE, whole), sides(taken, FIXED, WAREHOUSE)),
        goal(`\`snapshot\` against ${FIXED}, ${count(rows)} rows`, 'at least', 75, 'x', ratio(taken, FIXED, SNAPSHOT, whole), sides(taken, FIXED, SNAPSHOT)),
      ];
    }),
    goal(`\`warehouse\` against the LATERAL query, ${count(sizes.all)} rows`, 'at least', 1, 'x', ratio(all, LATERAL, WAREHOUSE, seconds), sides(all, LATERAL, WAREHOUSE)),
    goal(`\`snapshot\` against the LATERAL query, ${count(sizes.all)} rows`, 'at least', 2, 'x', ratio(all, LATERAL, SNAPSHOT, seconds), sides(all, LATERAL, SNAPSHOT)),
    goal(`memory of \`snapshot\`, up to ${count(longer.at(-1)![0])} rows`, 'less than', 600, 'MB', peak, longer.flatMap(([, taken]) => sides(taken, SNAPSHOT))),
    ...(longer.length === 1 ? [] : [goal(`time of \`snapshot\` for a row, ${count(longer.at(-1)![0])} rows against ${count(sizes.all)}`, 'less than', 1.2, 'x', perRow.at(-1)! / perRow[0]!, longer.flatMap(([, taken]) => sides(taken, SNAPSHOT)))]),
  ];
}
