import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { PipelineError } from '../../domain/errors.ts';
import { STACK_SERVERS } from '../../ports/local-stack.ts';
import type { LocalStack, ServerStatus, StackServer, StackStatus, StackUp } from '../../ports/local-stack.ts';
import { SEARCH_ATTRIBUTE_FLAGS } from '../../temporal/search-attributes.ts';
import { prepareDatabase } from './database.ts';
import { withStackLock } from './lock.ts';
import { describeHolder, findPortHolder, refuseHeldPorts } from './port-holder.ts';
import type { PortSetting } from './port-holder.ts';
import { removeCluster } from './postgres-cluster.ts';
import { postgresServer } from './postgres-server.ts';
import { readRunning, stopRecorded } from './process-record.ts';
import { redisServer } from './redis-server.ts';
import { chosenNames } from './names.ts';
import { lastLines, startServer } from './server-process.ts';
import type { ServerProcess } from './server-process.ts';
import type { StackSettings } from './settings.ts';
import { addSearchAttributes, temporalServer } from './temporal-server.ts';

const DISPLAY_NAMES = { postgres: 'PostgreSQL', redis: 'Redis', temporal: 'Temporal' } as const satisfies Record<StackServer, string>;

/** The ports of each server, its own first. */
export function serverPorts(settings: StackSettings, server: StackServer): readonly [PortSetting, ...PortSetting[]] {
  const of = (setting: keyof StackSettings['ports']): PortSetting => ({ setting, port: settings.ports[setting] });
  if (server === 'postgres') return [of('POSTGRES_PORT')];
  if (server === 'redis') return [of('REDIS_PORT')];
  return [of('TEMPORAL_PORT'), of('TEMPORAL_UI_PORT')];
}

export const temporalUiUrl = (settings: StackSettings): string => `http://127.0.0.1:${settings.ports.TEMPORAL_UI_PORT}`;

/** Where the processes' records, data and logs are. */
function places(settings: StackSettings, server: StackServer): { readonly folder: string; readonly recordFile: string; readonly logFile: string } {
  const folder = join(settings.projectFolder, 'data', server);
  return { folder, recordFile: join(folder, 'server.json'), logFile: join(settings.projectFolder, 'logs', `${server}.log`) };
}

/** Servers that `up` started and that still run. */
export async function runningNatively(settings: StackSettings): Promise<StackServer[]> {
  const running = await Promise.all(STACK_SERVERS.map((server) => readRunning(places(settings, server).recordFile)));
  return STACK_SERVERS.filter((_server, index) => running[index] !== undefined);
}

/** The stack as processes of this machine (Linux): they outlive the command that starts them. */
export function nativeStack(settings: StackSettings): LocalStack {
  return {
    engine: 'native',
    up: (onStep = () => undefined) => withStackLock(settings.projectFolder, () => up(settings, onStep)),
    status: () => status(settings),
    logs: async ({ servers, lines }) => Promise.all(chosenNames(servers, STACK_SERVERS).map(async (server) => ({ server, text: await lastLines(places(settings, server).logFile, lines) }))),
    down: () => withStackLock(settings.projectFolder, () => down(settings)),
    reset: ({ confirmed }) => withStackLock(settings.projectFolder, () => reset(settings, confirmed)),
  };
}

async function up(settings: StackSettings, onStep: (step: string) => void): Promise<StackUp> {
  const binaries = binariesFolder(settings);
  const before = await runningNatively(settings);
  const missing = STACK_SERVERS.filter((server) => !before.includes(server));
  refuseHeldPorts('The stack was not started.', missing.flatMap((server) => serverPorts(settings, server)));
  for (const server of STACK_SERVERS) {
    onStep(`${DISPLAY_NAMES[server]}: ${await startServer(describeServer(settings, server, binaries))}`);
  }
  await prepareDatabase({ host: '127.0.0.1', port: settings.ports.POSTGRES_PORT, superuserPassword: settings.passwords.POSTGRES_SUPERUSER_PASSWORD, password: settings.passwords.POSTGRES_PASSWORD });
  await addSearchAttributes(join(binaries, 'temporal'), `127.0.0.1:${settings.ports.TEMPORAL_PORT}`, SEARCH_ATTRIBUTE_FLAGS);
  return { ...(await status(settings)), started: missing };
}

function binariesFolder(settings: StackSettings): string {
  if (process.platform !== 'linux') throw new PipelineError('UNSUPPORTED', `The native servers run on Linux; this is ${process.platform}. Start a container engine (Docker, Podman with docker compose) and set STACK_ENGINE=compose, see docs/local-stack.md.`);
  const folder = join(settings.toolsFolder, 'bin');
  const missing = ['postgres', 'initdb', 'redis-server', 'temporal'].filter((name) => !existsSync(join(folder, name)));
  if (missing.length > 0) throw new PipelineError('NOT_FOUND', `Missing in ${folder}: ${missing.join(', ')}. Run: ml-pipeline stack install`);
  return folder;
}

function describeServer(settings: StackSettings, server: StackServer, binaries: string): ServerProcess {
  const { folder, recordFile, logFile } = places(settings, server);
  const common = { binaries, recordFile, logFile, durable: true, dataFolder: folder };
  const { ports, passwords } = settings;
  if (server === 'postgres') return postgresServer({ ...common, dataFolder: join(folder, 'native'), port: ports.POSTGRES_PORT, superuserPassword: passwords.POSTGRES_SUPERUSER_PASSWORD });
  if (server === 'redis') return redisServer({ ...common, port: ports.REDIS_PORT, password: passwords.REDIS_PASSWORD });
  return temporalServer({ ...common, port: ports.TEMPORAL_PORT, uiPort: ports.TEMPORAL_UI_PORT, searchAttributes: SEARCH_ATTRIBUTE_FLAGS });
}

async function status(settings: StackSettings): Promise<StackStatus> {
  const servers = await Promise.all(STACK_SERVERS.map((server) => serverStatus(settings, server)));
  return { engine: 'native', servers, temporalUiUrl: temporalUiUrl(settings) };
}

async function serverStatus(settings: StackSettings, server: StackServer): Promise<ServerStatus> {
  const [{ port }] = serverPorts(settings, server);
  const { recordFile, logFile } = places(settings, server);
  const record = await readRunning(recordFile);
  const address = `127.0.0.1:${record?.port ?? port}`;
  if (record !== undefined) return { server, state: 'running', address, detail: `process ${record.pid}, log ${logFile}` };
  const holder = process.platform === 'linux' ? findPortHolder(port) : undefined;
  if (holder !== undefined) return { server, state: 'held', address, detail: `the port is in use by ${describeHolder(holder)}` };
  return { server, state: 'stopped', address, detail: 'not running' };
}

async function down(settings: StackSettings): Promise<StackServer[]> {
  const stopped: StackServer[] = [];
  for (const server of [...STACK_SERVERS].reverse()) {
    if (await stopRecorded(places(settings, server).recordFile, server === 'postgres' ? 'SIGINT' : 'SIGTERM')) stopped.push(server);
  }
  return stopped;
}

async function reset(settings: StackSettings, confirmed: boolean): Promise<string[]> {
  const folders = STACK_SERVERS.map((server) => places(settings, server).folder).filter((folder) => existsSync(folder));
  if (!confirmed) {
    throw new PipelineError('INVALID_INPUT', folders.length === 0 ? 'There are no data of the stack to remove.' : `This stops the servers and removes their data for good: ${folders.join(', ')}. Add --yes to do it.`);
  }
  await down(settings);
  for (const folder of folders) {
    removeCluster(join(folder, 'native'));
    rmSync(folder, { recursive: true, force: true });
  }
  return folders;
}
