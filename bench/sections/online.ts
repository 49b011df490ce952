import { Redis } from 'ioredis';
import { createRedisOnlineStore } from '../../adapters/redis/online-store.ts';
import { columnOfValues } from '../../domain/data/column-of-values.ts';
import type { Bench } from '../run.ts';
import { runLoad, type LoadOptions, type LoadResult } from '../support/serving-load.ts';
import { cpuSeconds } from '../support/machine.ts';
import { ENTITIES, PROJECT, REFERENCES, VIEWS } from '../support/online-serving-data.ts';
import { goal, OTHERS_HEADER, othersCell, spread, times, type Goal, type Section, type Table } from '../support/report.ts';
import { median, takeTurns, type Samples } from '../support/samples.ts';
import { BARE, endTarget, FEAST_BEST, FEAST_DEFAULT, OURS, startTargets, type Target } from '../support/serving-targets.ts';

interface Load extends LoadResult {
  /** Of the server and the processes below it, microseconds of processor for each request. */
  readonly cpuMicros: number;
}
type Taken = ReadonlyMap<string, Samples<Load>>;

const CASES = [{ entities: 1, connections: 1 }, { entities: 1, connections: 32 }, { entities: 100, connections: 32 }] as const;
/** Requests so that the code is compiled before it is measured. */
const WARM_REQUESTS = 15_000;

const TEXT = [
  `\`POST /get-online-features\`: ${VIEWS.length} views of one entity, ${REFERENCES.length} features, of ${ENTITIES.toLocaleString('en-US')} entities in Redis, each with event times of its own; one process of this project's API, compiled. "Bare" is Node's http server with the same reads by ioredis (one HMGET for each view and entity,`,
  'pipelined) that writes the bytes back as they are: what Node and ioredis alone take. Feast serves from a registry file. All read the same keys of one Redis; the values that Feast and this project answer with were compared. The greatest rate is',
  'that of clients who ask again as soon as they are answered. At half of its greatest rate each request is timed from when it was due, not from when a connection was free for it. p99 of the defaults of Feast leaves out the requests that failed: its workers restart after 1,000 requests.',
].join('\n');

/** Reading features over HTTP. */
export async function online(bench: Bench): Promise<Section> {
  const targets: Target[] = [];
  const end = (): void => targets.forEach(endTarget);
  process.once('exit', end);
  const { redisUrl } = bench.servers;
  try {
    await fillStore(redisUrl);
    await startTargets(bench, targets);
    await compareAnswers(targets);
    const tables: Table[] = [];
    const taken = new Map<string, Taken>();
    for (const each of CASES) {
      const greatest = await measure(bench, targets, each);
      taken.set(`${each.entities} ${each.connections}`, greatest);
      tables.push(rates(`${counted(each.entities, 'entity', 'entities')}, ${counted(each.connections, 'connection', 'connections')}`, greatest));
    }
    const half = await measureAtHalf(bench, targets, taken.get('1 32')!);
    tables.push(halfTable(half));
    return { title: 'Online reads over HTTP', text: TEXT, tables, goals: goals(taken.get('1 32')!, taken.get('100 32')!, half) };
  } finally {
    end();
    process.off('exit', end);
    const redis = new Redis(redisUrl);
    await redis.flushall();
    await redis.quit();
  }
}

function secondsOf({ size }: Bench): number {
  return size === 'quick' ? 2 : 4;
}

async function measure(bench: Bench, targets: readonly Target[], { entities, connections }: (typeof CASES)[number]): Promise<Taken> {
  console.error(`online reads, ${entities} entities, ${connections} connections`);
  const bodies = requestBodies(entities);
  if (entities !== 1 || connections === 1) await warmUp(bench, targets, bodies); // once for one kind of request
  return takeTurns(targets.map((target) => ({ name: target.name, run: () => load(bench, target, { bodies, connections }) })), bench.repeats);
}

async function measureAtHalf(bench: Bench, targets: readonly Target[], greatest: Taken): Promise<Taken> {
  const bodies = requestBodies(1);
  const half = (name: string): number => median(greatest.get(name)!.results.map(({ perSecond }) => perSecond)) / 2;
  const ways = targets.filter(({ name }) => name !== FEAST_DEFAULT).map((target) => ({ name: target.name, run: () => load(bench, target, { bodies, connections: 32, perSecond: half(target.name) }) }));
  return takeTurns(ways, bench.repeats);
}

async function load(bench: Bench, { port, child }: Target, options: Pick<LoadOptions, 'bodies' | 'connections' | 'perSecond'>): Promise<Load> {
  const seconds = secondsOf(bench);
  const before = await cpuSeconds(child.pid!);
  const result = await runLoad(bench.root, { port, seconds, ...options });
  return { ...result, cpuMicros: (((await cpuSeconds(child.pid!)) - before) * 1e6) / (result.perSecond * seconds) };
}

/** So many requests that the code is compiled, or some seconds of them. */
async function warmUp(bench: Bench, targets: readonly Target[], bodies: readonly string[]): Promise<void> {
  for (const { port } of targets) {
    const end = performance.now() + 2000 * secondsOf(bench);
    for (let done = 0; done < WARM_REQUESTS && performance.now() < end; ) done += (await runLoad(bench.root, { port, connections: 8, bodies, seconds: 2 })).perSecond * 2;
  }
}

function rates(caption: string, taken: Taken): Table {
  const rate = (name: string): number => median(taken.get(name)?.results.map(({ perSecond }) => perSecond) ?? []);
  return {
    caption,
    header: ['', 'requests/s', 'p50, ms', 'p99, ms', 'failed', 'server CPU, us/request', "of Feast's best", 'of bare', OTHERS_HEADER],
    rows: [...taken.values()].map((samples) => [...loadCells(samples), times(rate(samples.name) / rate(FEAST_BEST)), times(rate(samples.name) / rate(BARE)), othersCell(samples)]),
  };
}

function halfTable(taken: Taken): Table {
  return { caption: '1 entity, 32 connections, at half of the greatest rate', header: ['', 'requests/s', 'p50, ms', 'p99, ms', 'failed', 'server CPU, us/request', OTHERS_HEADER], rows: [...taken.values()].map((samples) => [...loadCells(samples), othersCell(samples)]) };
}

function loadCells({ name, results }: Samples<Load>): string[] {
  const numbers = (value: (each: Load) => number): number[] => results.map(value);
  return [name, spread(numbers(({ perSecond }) => perSecond), 0), spread(numbers(({ p50 }) => p50), 2), spread(numbers(({ p99 }) => p99), 2), String(results.reduce((sum, { errors }) => sum + errors, 0)), spread(numbers(({ cpuMicros }) => cpuMicros), 0)];
}

function goals(one: Taken, hundred: Taken, half: Taken): Goal[] {
  const rate = (taken: Taken, name: string): number => median(taken.get(name)?.results.map(({ perSecond }) => perSecond) ?? []);
  const best = (taken: Taken): string => (rate(taken, FEAST_DEFAULT) > rate(taken, FEAST_BEST) ? FEAST_DEFAULT : FEAST_BEST);
  const sides = (taken: Taken, ...names: string[]): Samples<Load>[] => names.flatMap((name) => taken.get(name) ?? []);
  return [
    goal('1 entity, 32 connections, against the best of `feast serve`', 'at least', 10, 'x', rate(one, OURS) / rate(one, best(one)), sides(one, OURS, best(one))),
    goal('1 entity, 32 connections, against bare Node', 'at least', 0.6, 'x', rate(one, OURS) / rate(one, BARE), sides(one, OURS, BARE)),
    goal('p99 at half of the greatest rate', 'less than', 10, 'ms', median(half.get(OURS)!.results.map(({ p99 }) => p99)), sides(half, OURS)),
    goal('100 entities, 32 connections, against the best of `feast serve`', 'at least', 20, 'x', rate(hundred, OURS) / rate(hundred, best(hundred)), sides(hundred, OURS, best(hundred))),
  ];
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** Refuses other values than Feast's, in an answer of several entities. */
async function compareAnswers(targets: readonly Target[]): Promise<void> {
  const [body] = requestBodies(5);
  const answers = new Map<string, string>();
  for (const { name, port } of targets) {
    if (name === BARE) continue;
    const response = await fetch(`http://127.0.0.1:${port}/get-online-features`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: body! });
    const { metadata, results } = (await response.json()) as { readonly metadata: { readonly feature_names: readonly string[] }; readonly results: readonly { readonly values: readonly unknown[] }[] };
    answers.set(name, JSON.stringify(metadata.feature_names.map((feature, i) => [feature, results[i]!.values]).sort(([a], [b]) => ((a as string) < (b as string) ? -1 : 1))));
  }
  if (new Set(answers.values()).size !== 1) throw new Error(`Not all answer the same: ${[...answers].map(([name, text]) => `${name} ${text}`).join('\n')}`);
}

function requestBodies(entities: number): string[] {
  return Array.from({ length: 200 }, (_, n) => JSON.stringify({ features: REFERENCES, entities: { user_id: Array.from({ length: entities }, (_, i) => (n * 7919 + i * 31) % ENTITIES) } }));
}

async function fillStore(url: string): Promise<void> {
  const store = createRedisOnlineStore({ url, project: PROJECT, keyTtlSeconds: null });
  const now = Date.now() * 1000;
  const ids = Array.from({ length: ENTITIES }, (_, id) => id);
  for (const view of VIEWS) {
    const columns = [
      columnOfValues({ name: 'user_id', type: 'Int64' }, ids.map(BigInt)),
      ...view.features.map(({ name, type }, index) => columnOfValues({ name, type }, ids.map((id) => (type === 'String' ? `text ${id}` : type === 'Int64' ? BigInt(id * index) : id / (index + 3))))),
      ...['event_timestamp', 'created_timestamp'].map((name) => columnOfValues({ name, type: 'Timestamp' }, ids.map((id) => now - id * 1_000_003))), // each entity has its own
    ];
    await store.write(view, { rowCount: ENTITIES, columns });
  }
  await store.close();
}
