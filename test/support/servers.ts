import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { acceptsConnections, findFreePorts } from '../../adapters/local-stack/port-holder.ts';
import { postgresServer } from '../../adapters/local-stack/postgres-server.ts';
import { identifyProcess, isRunning, stopRecorded } from '../../adapters/local-stack/process-record.ts';
import type { ProcessRecord } from '../../adapters/local-stack/process-record.ts';
import { redisServer } from '../../adapters/local-stack/redis-server.ts';
import { startServer } from '../../adapters/local-stack/server-process.ts';
import { temporalServer } from '../../adapters/local-stack/temporal-server.ts';
import { SEARCH_ATTRIBUTE_FLAGS } from '../../temporal/search-attributes.ts';

/** Real servers for tests: PostgreSQL 15, Redis 7 and Temporal's development server, all on 127.0.0.1. */
export interface TestServers {
  /** As superuser, database `postgres`. Make a database of your own: see database.ts. */
  readonly postgresUrl: string;
  readonly redisUrl: string;
  readonly temporalAddress: string;
  readonly temporalUiUrl: string;
}

interface StartedServers {
  readonly servers: TestServers;
  /** The process whose end makes these servers useless; absent for shared ones, which run until they are stopped. */
  readonly owner?: ProcessRecord;
  readonly folder: string;
}

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const RUN_FOLDER = join(ROOT, '.run');
const SHARED_FILE = join(RUN_FOLDER, 'test-servers.json');
const NAMES = ['postgres', 'redis', 'temporal'] as const;

let pending: Promise<TestServers> | undefined;
let own: StartedServers | undefined;

/**
 * The servers that tests use: those that ML_PIPELINE_TEST_SERVERS describes (JSON), else the shared ones of `scripts/test-servers.ts start`
 * where they run, else new ones that end with this test run. Every caller of one run gets the same.
 */
export function testServers(): Promise<TestServers> {
  pending ??= findOrStart();
  return pending;
}

/** Stops the servers that testServers() started in this process; does nothing to others. */
export async function stopOwnTestServers(): Promise<void> {
  if (own !== undefined) await stop(own);
  own = undefined;
  pending = undefined;
}

async function findOrStart(): Promise<TestServers> {
  const given = process.env['ML_PIPELINE_TEST_SERVERS'];
  if (given !== undefined && given !== '') return JSON.parse(given) as TestServers;
  const shared = await sharedTestServers();
  if (shared !== undefined) return shared;
  await sweepOrphans();
  own = await start(identifyProcess(process.pid));
  await writeJson(join(RUN_FOLDER, `test-servers.${process.pid}.json`), own);
  return own.servers;
}

/** The shared servers, when all of them answer. */
export async function sharedTestServers(): Promise<TestServers | undefined> {
  if (!existsSync(SHARED_FILE)) return undefined;
  const { servers } = JSON.parse(await readFile(SHARED_FILE, 'utf8')) as StartedServers;
  const ports = [new URL(servers.postgresUrl).port, new URL(servers.redisUrl).port, servers.temporalAddress.split(':')[1]].map(Number);
  const alive = await Promise.all(ports.map(acceptsConnections));
  return alive.every(Boolean) ? servers : undefined;
}

/** Starts servers that every test run in this checkout uses until stopSharedTestServers(). */
export async function startSharedTestServers(): Promise<TestServers> {
  const running = await sharedTestServers();
  if (running !== undefined) return running;
  await stopSharedTestServers();
  const started = await start(undefined);
  await writeJson(SHARED_FILE, started);
  return started.servers;
}

/** Stops the shared servers and removes their data; false when there are none. */
export async function stopSharedTestServers(): Promise<boolean> {
  if (!existsSync(SHARED_FILE)) return false;
  await stop(JSON.parse(await readFile(SHARED_FILE, 'utf8')) as StartedServers);
  await rm(SHARED_FILE, { force: true });
  return true;
}

async function start(owner: ProcessRecord | undefined): Promise<StartedServers> {
  const binaries = join(process.env['ML_PIPELINE_TOOLS'] ?? join(ROOT, '.tools'), 'bin');
  if (!existsSync(join(binaries, 'temporal'))) throw new Error(`The servers that the tests need are not in ${binaries}: run scripts/install_tools.sh`);
  const folder = await mkdtemp(join(tmpdir(), 'ml-pipeline-test-'));
  await chmod(folder, 0o755); // PostgreSQL may run as another account
  const [postgresPort, redisPort, temporalPort, uiPort] = (await findFreePorts(4)) as [number, number, number, number];
  const password = randomBytes(12).toString('hex');
  const common = (name: string) => ({ binaries, durable: false, dataFolder: join(folder, name), logFile: join(folder, `${name}.log`), recordFile: join(folder, `${name}.json`) });
  const started: StartedServers = {
    servers: {
      postgresUrl: `postgresql://postgres:${password}@127.0.0.1:${postgresPort}/postgres`,
      redisUrl: `redis://:${password}@127.0.0.1:${redisPort}/0`,
      temporalAddress: `127.0.0.1:${temporalPort}`,
      temporalUiUrl: `http://127.0.0.1:${uiPort}`,
    },
    folder,
    ...(owner === undefined ? {} : { owner }),
  };
  const outcomes = await Promise.allSettled([
    startServer(redisServer({ ...common('redis'), port: redisPort, password })),
    startServer(temporalServer({ ...common('temporal'), port: temporalPort, uiPort, searchAttributes: SEARCH_ATTRIBUTE_FLAGS })),
    startServer(postgresServer({ ...common('postgres'), port: postgresPort, superuserPassword: password })),
  ]);
  const failure = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failure === undefined) return started;
  await stop(started);
  throw failure.reason;
}

async function stop(started: StartedServers): Promise<void> {
  // SIGINT is PostgreSQL's fast shutdown: SIGTERM would wait for clients to leave.
  await Promise.all(NAMES.map((name) => stopRecorded(join(started.folder, `${name}.json`), name === 'postgres' ? 'SIGINT' : 'SIGTERM')));
  await rm(started.folder, { recursive: true, force: true });
  if (started.owner !== undefined) await rm(join(RUN_FOLDER, `test-servers.${started.owner.pid}.json`), { force: true });
}

/** Stops servers whose test run was killed before it could. */
async function sweepOrphans(): Promise<void> {
  await mkdir(RUN_FOLDER, { recursive: true });
  for (const name of await readdir(RUN_FOLDER)) {
    if (!/^test-servers\.\d+\.json$/.test(name)) continue;
    const left = JSON.parse(await readFile(join(RUN_FOLDER, name), 'utf8')) as StartedServers;
    if (left.owner !== undefined && !isRunning(left.owner)) await stop(left);
  }
}

async function writeJson(file: string, value: unknown): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(`${file}.new`, JSON.stringify(value), { mode: 0o600 });
  await rename(`${file}.new`, file);
}
