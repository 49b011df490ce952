/**
 * Features over HTTP, side by side in one run on the same values: 4 views, 16 features, 1 entity and 100 entities a request, 32 connections.
 *
 *   node --import tsx bench/online-serving.ts redis://[:password@]host:port [seconds a case] [folder of Feast's Python environment]
 *
 * `bare`: Node's http server with the same reads by ioredis, parsing and answering as little as can be. `ours`: one process of this project's API. `feast serve`: one worker that never
 * restarts, over a registry file of its own and the same Redis; left out where Feast is not installed. Servers and load generator are processes of their own.
 */
import { fork, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { createRedisOnlineStore } from '../adapters/redis/online-store.ts';
import { columnOfValues } from '../domain/data/column-of-values.ts';
import { DEFINITIONS, ENTITIES, PROJECT, REFERENCES, VIEWS } from './support/online-serving-data.ts';
import { runLoad, type LoadOptions, type LoadResult } from './support/serving-load.ts';

const CONNECTIONS = 32;
const HERE = fileURLToPath(new URL('.', import.meta.url));

interface Target {
  readonly name: string;
  readonly port: number;
  readonly child: ChildProcess;
}

await main(process.argv[2], Number(process.argv[3] ?? 5), process.argv[4] ?? join(HERE, '..', '.tools', 'feast'));

async function main(redisUrl: string | undefined, seconds: number, feastFolder: string): Promise<void> {
  if (redisUrl === undefined) throw new Error('usage: node --import tsx bench/online-serving.ts redis://[:password@]host:port [seconds] [folder of Feast]');
  const folder = await mkdtemp(join(tmpdir(), 'bench-serving-'));
  const targets: Target[] = [];
  try {
    await fillStore(redisUrl);
    const servers = compileServers();
    targets.push(await forkServer('bare node http + ioredis', join(servers, 'online-serving-bare.js'), redisUrl), await forkServer('ml-pipeline', join(servers, 'online-serving-api.js'), redisUrl));
    if (existsSync(join(feastFolder, 'bin', 'feast'))) targets.push(await startFeast(feastFolder, folder, redisUrl));
    await compare(targets, seconds);
  } finally {
    for (const { child } of targets) child.kill('SIGKILL');
    await clearStore(redisUrl);
    await rm(folder, { recursive: true, force: true });
  }
}

async function compare(targets: readonly Target[], seconds: number): Promise<void> {
  for (const entities of [1, 100]) {
    console.log(`\n${entities} entities x ${VIEWS.length} views (${REFERENCES.length} features), ${CONNECTIONS} connections, ${seconds} s a case, load average ${(await readFile('/proc/loadavg', 'utf8')).split(' ')[0]}`);
    console.log('| server | requests/s | p50 ms | p99 ms | ratio to bare | ratio to feast | CPU us/request |\n| --- | --- | --- | --- | --- | --- | --- |');
    const results: { readonly name: string; readonly load: LoadResult; readonly cpuMicros: number }[] = [];
    for (const target of targets) {
      const load = { port: target.port, connections: CONNECTIONS, bodies: requestBodies(entities) };
      await warmUp(load, Math.min(15_000, 200_000 / entities));
      const cpuBefore = await cpuSeconds(target.child.pid!);
      const measured = await runLoad({ ...load, seconds });
      results.push({ name: target.name, load: measured, cpuMicros: ((await cpuSeconds(target.child.pid!)) - cpuBefore) * 1e6 / measured.requests });
    }
    const rate = (name: string): number => results.find((result) => result.name.startsWith(name))?.load.perSecond ?? Number.NaN;
    for (const { name, load, cpuMicros } of results) console.log(`| ${name} | ${Math.round(load.perSecond)} | ${load.p50.toFixed(2)} | ${load.p99.toFixed(2)} | ${(load.perSecond / rate('bare')).toFixed(2)} | ${(load.perSecond / rate('feast')).toFixed(1)} | ${cpuMicros.toFixed(0)} |`);
    const ours = targets.find(({ name }) => name === 'ml-pipeline')!;
    const half = await runLoad({ port: ours.port, connections: CONNECTIONS, bodies: requestBodies(entities), seconds, perSecond: rate('ml-pipeline') / 2 });
    console.log(`ml-pipeline at half its rate (${Math.round(half.perSecond)}/s, timed from when each request was due): p50 ${half.p50.toFixed(2)} ms, p99 ${half.p99.toFixed(2)} ms`);
  }
}

/** So many requests that the code is compiled, or half a minute of them. */
async function warmUp(load: Omit<LoadOptions, 'seconds'>, requests: number): Promise<void> {
  const end = performance.now() + 30_000;
  for (let done = 0; done < requests && performance.now() < end; ) done += (await runLoad({ ...load, seconds: 2 })).requests;
}

/** The servers as they are installed: compiled. Run from TypeScript, tsx's wrapping of every function would be measured with them. */
function compileServers(): string {
  const folder = join(HERE, '..', '.run', 'bench-js');
  spawnSync(process.execPath, [join(HERE, '..', 'node_modules', 'typescript', 'bin', 'tsc'), '-p', join(HERE, '..', 'tsconfig.json'), '--noEmit', 'false', '--rootDir', join(HERE, '..'), '--outDir', folder], { stdio: 'ignore' });
  return join(folder, 'bench', 'support');
}

/** Of the process and its children; on Linux in hundredths. What a busy machine changes least. */
async function cpuSeconds(pid: number): Promise<number> {
  const [stat, children] = await Promise.all([readFile(`/proc/${pid}/stat`, 'utf8'), readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')]);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  let seconds = (Number(fields[11]) + Number(fields[12])) / 100;
  for (const child of children.split(' ').filter((text) => text !== '')) seconds += await cpuSeconds(Number(child));
  return seconds;
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
      ...['event_timestamp', 'created_timestamp'].map((name) => columnOfValues({ name, type: 'Timestamp' }, ids.map(() => now))),
    ];
    await store.write(view, { rowCount: ENTITIES, columns });
  }
  await store.close();
}

async function clearStore(url: string): Promise<void> {
  const redis = new Redis(url);
  for await (const keys of redis.scanBufferStream({ match: `*${PROJECT}`, count: 1000 }) as AsyncIterable<Buffer[]>) if (keys.length > 0) await redis.unlink(...keys);
  await redis.quit();
}

async function forkServer(name: string, file: string, redisUrl: string): Promise<Target> {
  const child = fork(file, [redisUrl]);
  const port = await new Promise<number>((resolve, reject) => child.once('message', (message) => resolve(message as number)).once('exit', (code) => reject(new Error(`${file} ended with ${code}`))));
  return { name, port, child };
}

async function startFeast(feastFolder: string, folder: string, redisUrl: string): Promise<Target> {
  const { hostname, port, password } = new URL(redisUrl);
  await writeFile(join(folder, 'feature_store.yaml'), `project: ${PROJECT}\nprovider: local\nregistry: registry.db\noffline_store: {type: file}\nonline_store: {type: redis, redis_type: redis, connection_string: "${hostname}:${port},password=${password},db=0"}\nentity_key_serialization_version: 3\n`, { mode: 0o600 });
  await writeFile(join(folder, 'definitions.py'), feastDefinitions());
  const environment = { ...process.env, FEAST_USAGE: 'False' };
  await new Promise<void>((resolve, reject) => spawn(join(feastFolder, 'bin', 'feast'), ['apply', '--skip-source-validation'], { cwd: folder, env: environment, stdio: ['ignore', 'ignore', 'inherit'] }).once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`feast apply ended with ${code}`)))));
  const served = 20_000 + (process.pid % 20_000);
  const child = spawn(join(feastFolder, 'bin', 'feast'), ['serve', '--port', String(served), '--workers', '1', '--max-requests', '0', '--no-access-log'], { cwd: folder, env: environment, stdio: 'ignore' });
  for (let attempt = 0; attempt < 300; attempt++) {
    if (await fetch(`http://127.0.0.1:${served}/health`).then(({ ok }) => ok, () => false)) return { name: 'feast serve, 1 worker', port: served, child };
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  child.kill('SIGKILL');
  throw new Error('feast serve does not answer');
}

function feastDefinitions(): string {
  const types: Readonly<Record<string, string>> = { Int64: 'Int64', Float64: 'Float64', String: 'String' };
  const views = DEFINITIONS.featureViews.map(
    ({ name, features }) => `${name} = FeatureView(name="${name}", entities=[user], ttl=timedelta(days=30), schema=[Field(name="user_id", dtype=Int64), ${features.map((field) => `Field(name="${field.name}", dtype=${types[field.type]})`).join(', ')}], source=FileSource(name="${name}", path="${name}.parquet", timestamp_field="event_timestamp"))`,
  );
  return ['from datetime import timedelta', 'from feast import Entity, FeatureView, Field, FileSource, ValueType', 'from feast.types import Float64, Int64, String', 'user = Entity(name="user", join_keys=["user_id"], value_type=ValueType.INT64)', ...views, ''].join('\n');
}
