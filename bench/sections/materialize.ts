import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';
import type { Bench } from '../run.ts';
import { runChild, type Outcome } from '../support/child.ts';
import { connectionParts, inDatabase } from '../support/connections.ts';
import { goal, OTHERS_HEADER, othersCell, spread, times, type Section, type Table } from '../support/report.ts';
import { median, takeTurns, type Samples, type Way } from '../support/samples.ts';
import { FEATURES, FIRST_EVENT, makeWideTable, PROJECT, wideFields, wideKey } from '../support/wide-table.ts';

interface Written extends Outcome {
  /** Of Redis, when all rows are in it. */
  readonly redisMb: number;
  /** Of the fields of some entities. */
  readonly hash: string;
}

const SIZES: Readonly<Record<Bench['size'], { readonly rows: number; readonly longer: readonly number[] }>> = { quick: { rows: 20_000, longer: [] }, normal: { rows: 1_000_000, longer: [] }, full: { rows: 1_000_000, longer: [3_000_000, 10_000_000] } };
const [FEAST, HSET, EVALSHA, OURS] = ['Feast', 'ioredis alone, HSET', 'ioredis alone, newer-wins script, one row a call', 'ml-pipeline'] as const;
const LOOKED_AT = 1000;

const TEXT = [
  'A table of PostgreSQL with one row for each entity and 10 floats, into an empty Redis. Feast: `FeatureStore.materialize`. This project: the workflow `materializeFeatures` of the whole view, as `ml-pipeline materialize` starts it, from its start to its result, by a worker whose memory',
  'is what is shown; its rule that a newer row wins and the expiry of keys are part of that. (A run with a start, or an incremental one, also goes through all keys to renew their expiry. A whole run has done so by writing them.) The two of ioredis make their rows themselves and read no PostgreSQL: a limit for a client, not an alternative. Start of the processes, imports and connecting are',
  `not counted, except in the CPU, which is that of the process and of all servers. Number of keys, and the bytes of all fields of ${LOOKED_AT} entities were compared: they are the same by all ways.`,
].join('\n');

/** From the warehouse to the online store. */
export async function materialize(bench: Bench): Promise<Section> {
  const { rows, longer } = SIZES[bench.size];
  const admin = new pg.Client(bench.servers.postgresUrl);
  await admin.connect();
  await admin.query('CREATE DATABASE wide');
  await admin.end();
  const url = inDatabase(bench.servers.postgresUrl, 'wide');
  const client = new pg.Client(url);
  await client.connect();
  try {
    const taken = await compare(bench, client, url, rows);
    const grown: (readonly [number, Samples<Written>])[] = [[rows, taken.get(OURS)!]];
    for (const more of longer) grown.push([more, (await compare(bench, client, url, more, [OURS])).get(OURS)!]);
    const tables = [ratesTable(rows, taken), ...(grown.length > 1 ? [growth(grown)] : [])];
    const rate = rows / median(taken.get(OURS)!.results.map(({ seconds }) => seconds));
    const peak = (samples: Samples<Written>): number => Math.max(...samples.results.map(({ peakMb }) => peakMb));
    const last = grown.at(-1)!;
    const goals = [
      goal(`rows/s, ${rows.toLocaleString('en-US')} x ${FEATURES.length}`, 'at least', 80_000, 'rows/s', rate, [taken.get(OURS)!]),
      goal(`rows/s against ${HSET} (whose 75,000 to 103,000 rows/s are where the 80,000 come from)`, 'at least', 0.9, 'x', rate / (rows / median(taken.get(HSET)!.results.map(({ seconds }) => seconds))), [taken.get(HSET)!, taken.get(OURS)!]),
      goal(`memory, ${last[0].toLocaleString('en-US')} x ${FEATURES.length}`, 'less than', 400, 'MB', peak(last[1]), [last[1]]),
      ...(grown.length > 1 ? [goal(`memory, ${last[0].toLocaleString('en-US')} rows against ${rows.toLocaleString('en-US')}`, 'less than', 1.15, 'x', peak(last[1]) / peak(grown[0]![1]), grown.map(([, samples]) => samples))] : []),
    ];
    return { title: 'Materialization', text: TEXT, tables, goals };
  } finally {
    await client.end();
  }
}

async function compare(bench: Bench, client: pg.Client, url: string, rows: number, names?: readonly string[]): Promise<ReadonlyMap<string, Samples<Written>>> {
  console.error(`materialization, ${rows} rows`);
  const table = await makeWideTable(client, rows);
  const redis = new Redis(bench.servers.redisUrl);
  const writing = (name: string, write: () => Promise<Outcome>): Way<Written> => ({
    name,
    run: async () => {
      await redis.flushall();
      const outcome = await write();
      return { ...outcome, ...(await lookAt(redis, rows)) };
    },
  });
  const { redisUrl, temporalAddress } = bench.servers;
  const child = (file: string, options: object): Promise<Outcome> => runChild(process.execPath, [join(import.meta.dirname, '..', 'children', file)], options);
  const feastOptions = { postgres: connectionParts(url), redis: connectionParts(redisUrl), project: PROJECT, folder: bench.folder, table, features: FEATURES, start: new Date(FIRST_EVENT / 1000 - 86_400_000).toISOString().replace('Z', '+00:00') };
  const ways = [
    ...(bench.feastPython === undefined ? [] : [writing(FEAST, () => runChild(bench.feastPython!, [join(bench.root, 'bench', 'python', 'feast_materialize.py')], feastOptions))]),
    writing(HSET, () => child('ioredis-writes.js', { url: redisUrl, rows, command: 'hset' })),
    writing(EVALSHA, () => child('ioredis-writes.js', { url: redisUrl, rows, command: 'evalsha' })),
    writing(OURS, () => child('materialize.js', { postgresUrl: url, redisUrl, temporalAddress, folder: bench.folder, table })),
  ].filter(({ name }) => names?.includes(name) ?? true);
  try {
    const taken = await takeTurns(ways, bench.repeats);
    const hashes = new Map([...taken.values()].flatMap(({ name, results }) => results.map(({ hash }) => [hash, name] as const)));
    if (hashes.size !== 1) throw new Error(`Not all ways wrote the same: ${[...hashes.values()].join(', ')}`);
    return taken;
  } finally {
    await redis.flushall();
    await redis.quit();
  }
}

/** Refuses another number of keys than rows. */
async function lookAt(redis: Redis, rows: number): Promise<Pick<Written, 'redisMb' | 'hash'>> {
  const keys = await redis.dbsize();
  if (keys !== rows) throw new Error(`Redis holds ${keys} keys after ${rows} rows were written`);
  const fields = wideFields();
  const hash = createHash('sha256');
  for (let i = 0; i < LOOKED_AT; i++) {
    for (const value of await redis.hmgetBuffer(wideKey([BigInt(Math.floor((i * rows) / LOOKED_AT))]), ...fields)) hash.update(value === null ? 'none' : value);
  }
  return { redisMb: Number(/^used_memory:(\d+)/m.exec(await redis.info('memory'))![1]) / 2 ** 20, hash: hash.digest('hex') };
}

function ratesTable(rows: number, taken: ReadonlyMap<string, Samples<Written>>): Table {
  const seconds = (name: string): number => median(taken.get(name)?.results.map((each) => each.seconds) ?? []);
  return {
    caption: `${rows.toLocaleString('en-US')} entities x ${FEATURES.length} floats`,
    header: ['', 'rows/s', 'seconds', 'CPU of all, s', 'peak memory, MB', 'Redis, MB', 'faster than Feast', OTHERS_HEADER],
    rows: [...taken.values()].map((samples) => {
      const { name, results } = samples;
      const numbers = (value: (written: Written) => number): number[] => results.map(value);
      return [name, spread(numbers((each) => rows / each.seconds), 0), spread(numbers((each) => each.seconds), 2), spread(samples.cpuSeconds, 1), spread(numbers(({ peakMb }) => peakMb), 0), spread(numbers(({ redisMb }) => redisMb), 0), times(seconds(FEAST) / seconds(name)), othersCell(samples)];
    }),
  };
}

function growth(grown: readonly (readonly [number, Samples<Written>])[]): Table {
  return {
    caption: 'How time and memory of ml-pipeline grow',
    header: ['rows', 'rows/s', 'peak memory, MB', OTHERS_HEADER],
    rows: grown.map(([rows, samples]) => [rows.toLocaleString('en-US'), spread(samples.results.map(({ seconds }) => rows / seconds), 0), spread(samples.results.map(({ peakMb }) => peakMb), 0), othersCell(samples)]),
  };
}
