import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findFreePorts } from '../../adapters/local-stack/port-holder.ts';
import type { Bench } from '../run.ts';
import { connectionParts } from './connections.ts';
import { DEFINITIONS, PROJECT } from './online-serving-data.ts';

/** A server that answers `/get-online-features`. */
export interface Target {
  readonly name: string;
  readonly port: number;
  readonly child: ChildProcess;
}

export const [BARE, OURS, FEAST_DEFAULT, FEAST_BEST] = ['bare Node http + ioredis', 'ml-pipeline, one process', '`feast serve`, defaults', '`feast serve`, one worker, --max-requests 0'] as const;

/** All of them over the same Redis; the caller kills them. */
export async function startTargets(bench: Bench, started: Target[]): Promise<void> {
  const { redisUrl } = bench.servers;
  started.push(await forkServer(BARE, 'online-serving-bare.js', redisUrl), await forkServer(OURS, 'online-serving-api.js', redisUrl));
  if (bench.feastPython === undefined) return;
  const folder = await applyFeast(bench);
  await serveFeast(started, FEAST_DEFAULT, bench.feastPython, folder, []);
  await serveFeast(started, FEAST_BEST, bench.feastPython, folder, ['--workers', '1', '--max-requests', '0']);
}

async function forkServer(name: string, file: string, redisUrl: string): Promise<Target> {
  const child = fork(join(import.meta.dirname, file), [redisUrl], { execArgv: [] });
  const port = await new Promise<number>((resolve, reject) => child.once('message', (message) => resolve(message as number)).once('exit', (code) => reject(new Error(`${file} ended with ${code}`))));
  return { name, port, child };
}

const FEAST_ENVIRONMENT = { ...process.env, FEAST_USAGE: 'False', PYTHONWARNINGS: 'ignore' };

/** A Feast repository with the definitions of the benchmark, applied; its folder. */
async function applyFeast({ folder: parent, feastPython, servers }: Bench): Promise<string> {
  const folder = join(parent, 'feast-serving');
  const { host, port, password } = connectionParts(servers.redisUrl);
  await mkdir(folder);
  await writeFile(join(folder, 'feature_store.yaml'), `project: ${PROJECT}\nprovider: local\nregistry: registry.db\noffline_store: {type: file}\nonline_store: {type: redis, redis_type: redis, connection_string: "${host}:${port},password=${password},db=0"}\nentity_key_serialization_version: 3\n`, { mode: 0o600 });
  await writeFile(join(folder, 'definitions.py'), feastDefinitions());
  const child = spawn(feastCommand(feastPython!), ['apply', '--skip-source-validation'], { cwd: folder, env: FEAST_ENVIRONMENT, stdio: ['ignore', 'ignore', 'inherit'] });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`feast apply ended with ${code}`);
  return folder;
}

async function serveFeast(started: Target[], name: string, python: string, folder: string, options: readonly string[]): Promise<void> {
  const [port] = (await findFreePorts(1)) as [number];
  // A group of its own: with its worker processes it is ended as one.
  const child = spawn(feastCommand(python), ['serve', '--port', String(port), '--no-access-log', ...options], { cwd: folder, env: FEAST_ENVIRONMENT, stdio: 'ignore', detached: true });
  started.push({ name, port, child }); // before it answers: whoever ends the others ends it too
  for (let attempt = 0; attempt < 600; attempt++) {
    if (await fetch(`http://127.0.0.1:${port}/health`).then(({ ok }) => ok, () => false)) return;
    if (child.exitCode !== null) break;
    await sleep(200);
  }
  throw new Error(`${name} does not answer`);
}

export function endTarget({ child }: Target): void {
  if (child.pid === undefined || child.exitCode !== null) return;
  if (child.spawnargs.includes('serve')) process.kill(-child.pid, 'SIGKILL');
  else child.kill('SIGKILL');
}

function feastCommand(python: string): string {
  return join(python, '..', 'feast');
}

function feastDefinitions(): string {
  const views = DEFINITIONS.featureViews.map(
    ({ name, features }) => `${name} = FeatureView(name="${name}", entities=[user], ttl=timedelta(days=30), schema=[Field(name="user_id", dtype=Int64), ${features.map((field) => `Field(name="${field.name}", dtype=${field.type})`).join(', ')}], source=FileSource(name="${name}", path="${name}.parquet", timestamp_field="event_timestamp"))`,
  );
  return ['from datetime import timedelta', 'from feast import Entity, FeatureView, Field, FileSource, ValueType', 'from feast.types import Float64, Int64, String', 'user = Entity(name="user", join_keys=["user_id"], value_type=ValueType.INT64)', ...views, ''].join('\n');
}
