import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { acceptsConnections } from '../../adapters/local-stack/port-holder.ts';
import { identifyProcess, isRunning, stopRecorded } from '../../adapters/local-stack/process-record.ts';
import type { ProcessRecord } from '../../adapters/local-stack/process-record.ts';

/** Servers that tests start together; `T` is how a test reaches them. */
export interface ServerGroupOptions<T> {
  /** Begins the names of the files in `.run/`. */
  readonly name: string;
  /** The variable that may describe running servers, as JSON. */
  readonly variable: string;
  /** Each server's record is `<folder>/<name>.json`; its end is asked for with the signal. */
  readonly signals: Readonly<Record<string, NodeJS.Signals>>;
  /** The ports that all accept connections while the group runs. */
  readonly ports: (servers: T) => readonly number[];
  /** Starts all of them with data, logs and records in the folder. What it leaves running when it fails is stopped. */
  readonly start: (folder: string) => Promise<T>;
}

export interface ServerGroup<T> {
  /** The servers that the variable describes, else the shared ones where they run, else new ones that end with this test run. */
  readonly find: () => Promise<T>;
  /** Stops the servers that find() started in this process; does nothing to others. */
  readonly stopOwn: () => Promise<void>;
  /** The shared servers, when all of them answer. */
  readonly shared: () => Promise<T | undefined>;
  /** Starts servers that every test run in this checkout uses until stopShared(). */
  readonly startShared: () => Promise<T>;
  /** Stops the shared servers and removes their data; false when there are none. */
  readonly stopShared: () => Promise<boolean>;
}

interface Started<T> {
  readonly servers?: T;
  /** The process whose end makes these servers useless; absent for shared ones, which run until they are stopped. */
  readonly owner?: ProcessRecord;
  readonly folder: string;
}

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
/** The folder of scripts/install_tools.sh. */
export const TOOLS = process.env['ML_PIPELINE_TOOLS'] ?? join(ROOT, '.tools');
const RUN_FOLDER = join(ROOT, '.run');

export function serverGroup<T>(options: ServerGroupOptions<T>): ServerGroup<T> {
  const sharedFile = join(RUN_FOLDER, `${options.name}.json`);
  const ownFile = (pid: number): string => join(RUN_FOLDER, `${options.name}.${pid}.json`);
  let pending: Promise<T> | undefined;
  let own: Started<T> | undefined;

  const stop = async (started: Started<T>): Promise<void> => {
    await Promise.all(Object.entries(options.signals).map(([name, signal]) => stopRecorded(join(started.folder, `${name}.json`), signal)));
    await rm(started.folder, { recursive: true, force: true });
    if (started.owner !== undefined) await rm(ownFile(started.owner.pid), { force: true });
  };
  /** The file is written before anything starts too, so that what a killed run leaves behind is found. */
  const start = async (file: string, owner: ProcessRecord | undefined): Promise<Started<T>> => {
    const folder = await mkdtemp(join(tmpdir(), 'ml-pipeline-test-'));
    await chmod(folder, 0o755); // PostgreSQL may run as another account
    const started: Started<T> = { folder, ...(owner === undefined ? {} : { owner }) };
    await writeJson(file, started);
    try {
      const whole = { ...started, servers: await options.start(folder) };
      await writeJson(file, whole);
      return whole;
    } catch (error) {
      await stop(started);
      await rm(file, { force: true });
      throw error;
    }
  };
  /** Stops servers whose test run was killed before it could. */
  const sweepOrphans = async (): Promise<void> => {
    await mkdir(RUN_FOLDER, { recursive: true });
    for (const name of await readdir(RUN_FOLDER)) {
      if (!name.startsWith(`${options.name}.`) || !/^\.\d+\.json$/.test(name.slice(options.name.length))) continue;
      const left = await readJson<Started<T>>(join(RUN_FOLDER, name));
      if (left?.owner !== undefined && !isRunning(left.owner)) await stop(left);
    }
  };
  const shared = async (): Promise<T | undefined> => {
    const servers = (await readJson<Started<T>>(sharedFile))?.servers;
    if (servers === undefined) return undefined;
    const alive = await Promise.all(options.ports(servers).map(acceptsConnections));
    return alive.every(Boolean) ? servers : undefined;
  };
  const findOrStart = async (): Promise<T> => {
    const given = process.env[options.variable];
    if (given !== undefined && given !== '') return JSON.parse(given) as T;
    const running = await shared();
    if (running !== undefined) return running;
    await sweepOrphans();
    own = await start(ownFile(process.pid), identifyProcess(process.pid));
    return own.servers!;
  };
  const stopShared = async (): Promise<boolean> => {
    const started = await readJson<Started<T>>(sharedFile);
    if (started === undefined) return false;
    await stop(started);
    await rm(sharedFile, { force: true });
    return true;
  };
  return {
    shared,
    stopShared,
    find: () => (pending ??= findOrStart()),
    stopOwn: async () => {
      if (own !== undefined) await stop(own);
      own = undefined;
      pending = undefined;
    },
    startShared: async () => {
      const running = await shared();
      if (running !== undefined) return running;
      await stopShared();
      return (await start(sharedFile, undefined)).servers!;
    },
  };
}

/** Waits for all, so that nothing still starts when the first failure is thrown. */
export async function allStarted(starting: readonly Promise<unknown>[]): Promise<void> {
  const outcomes = await Promise.allSettled(starting);
  const failure = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
}

async function readJson<T>(file: string): Promise<T | undefined> {
  if (!existsSync(file)) return undefined;
  return JSON.parse(await readFile(file, 'utf8')) as T;
}

async function writeJson(file: string, value: unknown): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(`${file}.new`, JSON.stringify(value), { mode: 0o600 });
  await rename(`${file}.new`, file);
}
