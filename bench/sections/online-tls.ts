import { join } from 'node:path';
import { Redis } from 'ioredis';
import { createRedisOnlineStore, type RedisOnlineStoreOptions } from '../../adapters/redis/online-store.ts';
import { columnOfValues } from '../../domain/data/column-of-values.ts';
import type { RecordBatch } from '../../domain/data/columns.ts';
import type { FeatureViewSnapshot } from '../../domain/features/snapshot.ts';
import type { OnlineStore } from '../../ports/online-store.ts';
import { addressOfTls, startTlsRedisCluster } from '../../test/support/redis-servers.ts';
import type { Bench } from '../run.ts';
import { ENTITIES, PROJECT, REFERENCES, VIEWS } from '../support/online-serving-data.ts';
import { OTHERS_HEADER, othersCell, spread, times, type Section, type Table } from '../support/report.ts';
import { median, takeTurns, type Samples } from '../support/samples.ts';

const [PLAIN, CLUSTER, CAREFUL] = ['one server, plain', 'cluster, TLS', 'cluster, TLS, `replicas_to_wait: 1`'];
/** Rows of one pushed row, and of a materialization's batch. */
const WRITES = [1, 4096] as const;

const TEXT = [
  `One prediction's features (${VIEWS.length} views of one entity, ${REFERENCES.length} features), and writes of one view, by the online store itself, one call after the other: in one server without TLS, and in a cluster of three primaries with a replica each,`,
  'TLS among them and to the client, all processes of this machine. Network latency is therefore left out: what is shown is what TLS, the cluster client and waiting for a replica take. In a cluster each row is a call of the write script, since keys share no slot.',
].join('\n');

interface Latency {
  /** Microseconds. */
  readonly p50: number;
  readonly p99: number;
}
type Stores = readonly { readonly name: string; readonly store: OnlineStore }[];

/** Reads and writes of online values over TLS in a cluster beside those of a single plain server. */
export async function onlineTls(bench: Bench): Promise<Section> {
  const cluster = await startTlsRedisCluster(join(process.env['ML_PIPELINE_TOOLS'] ?? join(bench.root, '.tools'), 'bin'));
  const options: readonly (readonly [string, Omit<RedisOnlineStoreOptions, 'project'>])[] = [[PLAIN, { url: bench.servers.redisUrl }], [CLUSTER, addressOfTls(cluster)], [CAREFUL, { ...addressOfTls(cluster), replicasToWait: 1 }]];
  const stores: Stores = options.map(([name, each]) => ({ name, store: createRedisOnlineStore({ project: PROJECT, ...each }) }));
  try {
    for (const { store } of stores) for (const view of VIEWS) await store.write(view, rowsOf(view, ENTITIES));
    const calls = bench.size === 'quick' ? 500 : 10_000;
    const reads = await measure(bench, stores.slice(0, 2), calls, (store) => (n) => store.readColumns(VIEWS.map((view) => ({ view, features: view.features.map(({ name }) => name), entityKeys: [[BigInt((n * 7919) % ENTITIES)]] }))));
    const tables = [table("one prediction's features", reads)];
    let time = Date.now() * 1000;
    for (const rows of WRITES) {
      const writes = await measure(bench, stores, Math.ceil(calls / 20 / Math.sqrt(rows)), (store) => () => store.write(VIEWS[0]!, rowsOf(VIEWS[0]!, rows, (time += ENTITIES * 2_000_000))));
      tables.push(table(`a write of ${rows === 1 ? 'one row' : `${rows.toLocaleString('en-US')} rows`}`, writes));
    }
    return { title: 'Online values over TLS in a cluster', text: TEXT, tables, goals: [] };
  } finally {
    await Promise.all(stores.map(({ store }) => store.close()));
    await cluster.close();
    const redis = new Redis(bench.servers.redisUrl);
    await redis.flushall();
    await redis.quit();
  }
}

async function measure(bench: Bench, stores: Stores, calls: number, callOf: (store: OnlineStore) => (n: number) => Promise<unknown>): Promise<ReadonlyMap<string, Samples<Latency>>> {
  return takeTurns(stores.map(({ name, store }) => ({ name, run: () => latencies(calls, callOf(store)) })), bench.repeats);
}

/** The first tenth, in which code is compiled, does not count. */
async function latencies(calls: number, call: (n: number) => Promise<unknown>): Promise<Latency> {
  const taken: number[] = [];
  for (let n = 0; n < calls * 1.1; n++) {
    const start = performance.now();
    await call(n);
    if (n >= calls * 0.1) taken.push((performance.now() - start) * 1000);
  }
  taken.sort((a, b) => a - b);
  return { p50: median(taken), p99: taken[Math.floor(taken.length * 0.99)]! };
}

function table(caption: string, taken: ReadonlyMap<string, Samples<Latency>>): Table {
  const middle = (name: string): number => median(taken.get(name)!.results.map(({ p50 }) => p50));
  return {
    caption,
    header: ['', 'p50, us', 'p99, us', 'of plain', OTHERS_HEADER],
    rows: [...taken.values()].map((samples) => [samples.name, spread(samples.results.map(({ p50 }) => p50), 0), spread(samples.results.map(({ p99 }) => p99), 0), times(middle(samples.name) / middle(PLAIN!)), othersCell(samples)]),
  };
}

/** Every value of a row, its event time the given one or later. */
function rowsOf(view: FeatureViewSnapshot, rowCount: number, time = Date.now() * 1000): RecordBatch {
  const ids = Array.from({ length: rowCount }, (_, id) => id);
  return {
    rowCount,
    columns: [
      columnOfValues({ name: 'user_id', type: 'Int64' }, ids.map(BigInt)),
      ...view.features.map(({ name, type }, index) => columnOfValues({ name, type }, ids.map((id) => (type === 'String' ? `text ${id}` : type === 'Int64' ? BigInt(id * index) : id / (index + 3))))),
      ...['event_timestamp', 'created_timestamp'].map((name) => columnOfValues({ name, type: 'Timestamp' }, ids.map((id) => time + id))),
    ],
  };
}
