import { join } from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';
import type { Bench } from '../run.ts';
import { startStubProcess } from '../support/bigquery-stub-process.ts';
import { runChild, type Outcome } from '../support/child.ts';
import { inDatabase } from '../support/connections.ts';
import { goal, OTHERS_HEADER, othersCell, spread, times, type Section, type Table } from '../support/report.ts';
import { median, takeTurns, type Samples, type Way } from '../support/samples.ts';
import { FEATURES, makeWideTable } from '../support/wide-table.ts';

type Taken = ReadonlyMap<string, Samples<Outcome>>;

const SIZES: Readonly<Record<Bench['size'], { readonly rows: number; readonly more: number }>> = { quick: { rows: 50_000, more: 200_000 }, normal: { rows: 1_000_000, more: 4_000_000 }, full: { rows: 1_000_000, more: 4_000_000 } };
const [ARROW, JSON_PAGES] = ['ml-pipeline, Arrow', "Google's client, pages of JSON"] as const;
const [BIGQUERY, POSTGRES] = ['BigQuery to Redis', 'PostgreSQL to Redis'] as const;

const TEXT = [
  'What the clients take, without BigQuery: a stand-in in a process of its own holds the rows as BigQuery would send them (Arrow messages of 4,096 rows by gRPC, pages of 10,000 rows of JSON by HTTP), all made before they are asked for. No network lies between.',
  'To Parquet: 12 columns (a timestamp, 4 whole numbers, 4 floats, 3 texts) to one file, by the same writer; the canonical hashes of the files were compared and are the same. To Redis: one row for each entity with 10 floats, as one slice of a materialization is written, from the',
  'first rows that the warehouse gives to the last that is in Redis: the query is left out on both sides. Both ways write the same number of keys.',
].join('\n');

/** What reading BigQuery costs the client. */
export async function bigquery(bench: Bench): Promise<Section> {
  const { rows, more } = SIZES[bench.size];
  const few = await toParquet(bench, rows, [ARROW, JSON_PAGES]);
  const many = await toParquet(bench, more, [ARROW]);
  const online = await toRedis(bench, rows);
  const seconds = (taken: Taken, name: string): number => median(taken.get(name)!.results.map((each) => each.seconds));
  const peak = (taken: Taken): number => Math.max(...taken.get(ARROW)!.results.map(({ peakMb }) => peakMb));
  return {
    title: 'Reads from BigQuery',
    text: TEXT,
    tables: [ratesTable(`${count(rows)} rows to Parquet`, rows, few, JSON_PAGES), ratesTable(`${count(more)} rows to Parquet`, more, many), ratesTable(`${count(rows)} entities x ${FEATURES.length} floats to Redis`, rows, online, POSTGRES)],
    goals: [
      goal(`Arrow against pages of JSON, ${count(rows)} rows to Parquet`, 'at least', 5, 'x', seconds(few, JSON_PAGES) / seconds(few, ARROW), [...few.values()]),
      goal(`memory by Arrow, ${count(more)} rows against ${count(rows)}`, 'less than', 1.15, 'x', peak(many) / peak(few), [few, many].map((taken) => taken.get(ARROW)!)),
      goal(`time of ${BIGQUERY} against ${POSTGRES}, ${count(rows)} rows`, 'less than', 1.3, 'x', seconds(online, BIGQUERY) / seconds(online, POSTGRES), [...online.values()]),
    ],
  };
}

const count = (rows: number): string => rows.toLocaleString('en-US');
const child = <T extends Outcome>(file: string, options: object): Promise<T> => runChild<T>(process.execPath, [join(import.meta.dirname, '..', 'children', file)], options);

async function toParquet(bench: Bench, rows: number, names: readonly string[]): Promise<Taken> {
  const stub = await startStubProcess('dataset', rows, names.includes(JSON_PAGES));
  const hashes = new Set<string>();
  const way = (name: string): Way<Outcome> => ({
    name,
    run: async () => {
      const outcome = await child<Outcome & { readonly rowCount: number; readonly hash: string }>('bigquery-dataset.js', { settings: stub.settings, rows, way: name === ARROW ? 'arrow' : 'json', output: join(bench.folder, 'bigquery.parquet') });
      if (outcome.rowCount !== rows || hashes.add(outcome.hash).size > 1) throw new Error(`${name} did not read the same ${rows} rows`);
      return outcome;
    },
  });
  try {
    return await takeTurns(names.map(way), bench.repeats);
  } finally {
    await stub.stop();
  }
}

async function toRedis(bench: Bench, rows: number): Promise<Taken> {
  const { postgresUrl, redisUrl } = bench.servers;
  const admin = new pg.Client(postgresUrl);
  await admin.connect();
  await admin.query('CREATE DATABASE bigquery_rows');
  await admin.end();
  const client = new pg.Client(inDatabase(postgresUrl, 'bigquery_rows'));
  await client.connect();
  const table = await makeWideTable(client, rows);
  await client.end();
  const redis = new Redis(redisUrl);
  const stub = await startStubProcess('newest', rows, false);
  const way = (name: string, source: object): Way<Outcome> => ({
    name,
    run: async () => {
      await redis.flushall();
      const outcome = await child('warehouse-to-redis.js', { source, redisUrl, table });
      const keys = await redis.dbsize();
      if (keys !== rows) throw new Error(`Redis holds ${keys} keys after ${rows} rows were written`);
      return outcome;
    },
  });
  try {
    return await takeTurns([way(POSTGRES, { postgresUrl: inDatabase(postgresUrl, 'bigquery_rows') }), way(BIGQUERY, { bigquery: stub.settings })], bench.repeats);
  } finally {
    await stub.stop();
    await redis.flushall();
    await redis.quit();
  }
}

function ratesTable(caption: string, rows: number, taken: Taken, peer?: string): Table {
  const seconds = ({ results }: Samples<Outcome>): number => median(results.map((each) => each.seconds));
  return {
    caption,
    header: ['', 'rows/s', 'seconds', 'CPU of all, s', 'peak memory, MB', ...(peer === undefined ? [] : [`faster than ${peer}`]), OTHERS_HEADER],
    rows: [...taken.values()].map((samples) => [
      samples.name, count(Math.round(rows / seconds(samples))), spread(samples.results.map((each) => each.seconds), 2), spread(samples.cpuSeconds, 1), spread(samples.results.map(({ peakMb }) => peakMb), 0),
      ...(peer === undefined ? [] : [times(seconds(taken.get(peer)!) / seconds(samples))]), othersCell(samples),
    ]),
  };
}
