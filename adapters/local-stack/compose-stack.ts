import { execFile } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { PipelineError } from '../../domain/errors.ts';
import { STACK_SERVERS } from '../../ports/local-stack.ts';
import type { LocalStack, ServerStatus, StackServer, StackStatus } from '../../ports/local-stack.ts';
import { SEARCH_ATTRIBUTE_FLAGS } from '../../temporal/search-attributes.ts';
import { prepareDatabase } from './database.ts';
import { serverPorts, temporalUiUrl } from './native-stack.ts';
import { refuseHeldPorts } from './port-holder.ts';
import { chosenNames } from './names.ts';
import type { StackSettings } from './settings.ts';

const execute = promisify(execFile);

/** The command that runs compose (2 or newer): the engine's plugin, or the separate program; undefined where no engine answers. */
export async function findCompose(): Promise<readonly [string, ...string[]] | undefined> {
  const answer = (command: string, args: string[]): Promise<string | undefined> => execute(command, args, { timeout: 10_000 }).then(({ stdout }) => stdout.trim(), () => undefined);
  if ((await answer('docker', ['info', '--format', '{{.ServerVersion}}'])) === undefined) return undefined;
  const isCurrent = (version: string | undefined): boolean => /^v?([2-9]|\d\d)\./.test(version ?? '');
  if (isCurrent(await answer('docker', ['compose', 'version', '--short']))) return ['docker', 'compose'];
  return isCurrent(await answer('docker-compose', ['version', '--short'])) ? ['docker-compose'] : undefined;
}

type Compose = (...args: string[]) => Promise<string>;

/** The stack's servers in containers, by the compose file. Worker and API stay processes of this machine, as with the native servers. */
export function composeStack(settings: StackSettings, command: readonly [string, ...string[]]): LocalStack {
  const compose: Compose = async (...args) => {
    const [program, ...first] = command;
    const all = [...first, '--project-directory', settings.projectFolder, '--file', settings.composeFile, ...args];
    const environment = { ...process.env, ...containerEnvironment(settings) };
    const { stdout } = await execute(program, all, { cwd: settings.projectFolder, env: environment, maxBuffer: 64 * 1024 * 1024 }).catch((error: { stderr?: string; message: string }) => {
      throw new PipelineError('UNAVAILABLE', `${command.join(' ')} ${args[0]} failed:\n${(error.stderr ?? error.message).trim()}`, { cause: error });
    });
    return stdout;
  };
  return {
    engine: 'compose',
    up: (onStep = () => undefined) => up(settings, compose, onStep),
    status: () => status(settings, compose),
    logs: async ({ servers, lines }) => Promise.all(chosenNames(servers, STACK_SERVERS).map(async (server) => ({ server, text: (await compose('logs', '--no-color', '--no-log-prefix', '--tail', String(lines), server)).trimEnd() }))),
    down: () => down(compose),
    reset: ({ confirmed }) => reset(settings, compose, confirmed),
  };
}

/** What the compose file takes from the environment: this folder's settings, and the user whose files the containers write. */
function containerEnvironment(settings: StackSettings): Record<string, string> {
  const ports = Object.entries(settings.ports).map(([name, port]) => [name, String(port)]);
  const user = { ML_PIPELINE_UID: String(process.getuid?.() ?? 1000), ML_PIPELINE_GID: String(process.getgid?.() ?? 1000) };
  return { ...Object.fromEntries(ports), ...settings.passwords, ...user };
}

async function up(settings: StackSettings, compose: Compose, onStep: (step: string) => void): Promise<StackStatus & { readonly started: readonly StackServer[] }> {
  const before = await runningContainers(compose);
  const missing = STACK_SERVERS.filter((server) => !before.has(server));
  if (process.platform === 'linux') refuseHeldPorts('The stack was not started.', missing.flatMap((server) => serverPorts(settings, server)));
  for (const server of STACK_SERVERS) mkdirSync(join(settings.projectFolder, 'data', server), { recursive: true });
  if (missing.length > 0) onStep(`starting containers: ${missing.join(', ')} (the first time builds the image)`);
  await compose('up', '--detach', '--wait', ...STACK_SERVERS);
  await prepareDatabase({ host: '127.0.0.1', port: settings.ports.POSTGRES_PORT, superuserPassword: settings.passwords.POSTGRES_SUPERUSER_PASSWORD, password: settings.passwords.POSTGRES_PASSWORD });
  await addAttributes(compose);
  return { ...(await status(settings, compose)), started: missing };
}

/** Registers each search attribute in turn: the command accepts one that is there already. */
async function addAttributes(compose: Compose): Promise<void> {
  for (const flag of SEARCH_ATTRIBUTE_FLAGS) {
    const [name, type] = flag.split('=') as [string, string];
    await compose('exec', '--no-TTY', 'temporal', 'temporal', 'operator', 'search-attribute', 'create', '--name', name, '--type', type);
  }
}

async function runningContainers(compose: Compose): Promise<Map<string, string>> {
  const text = await compose('ps', '--format', 'json');
  // One object a line, or (older versions) one array.
  const rows = text.trim().startsWith('[') ? (JSON.parse(text) as unknown[]) : text.split('\n').filter((line) => line.trim() !== '').map((line) => JSON.parse(line) as unknown);
  const containers = rows as { readonly Service: string; readonly State: string; readonly Name: string; readonly Health?: string }[];
  return new Map(containers.filter(({ State }) => State === 'running').map(({ Service, Name, Health }) => [Service, `container ${Name}${Health ? `, ${Health}` : ''}`]));
}

async function status(settings: StackSettings, compose: Compose): Promise<StackStatus> {
  const running = await runningContainers(compose);
  const servers = STACK_SERVERS.map((server): ServerStatus => {
    const [{ port }] = serverPorts(settings, server);
    const container = running.get(server);
    return { server, state: container === undefined ? 'stopped' : 'running', address: `127.0.0.1:${port}`, detail: container ?? 'not running' };
  });
  return { engine: 'compose', servers, temporalUiUrl: temporalUiUrl(settings) };
}

async function down(compose: Compose): Promise<StackServer[]> {
  const before = await runningContainers(compose);
  await compose('down');
  return STACK_SERVERS.filter((server) => before.has(server));
}

async function reset(settings: StackSettings, compose: Compose, confirmed: boolean): Promise<string[]> {
  const folders = STACK_SERVERS.map((server) => join(settings.projectFolder, 'data', server)).filter((folder) => existsSync(folder));
  if (!confirmed) throw new PipelineError('INVALID_INPUT', `This stops the containers and removes their data for good: ${folders.join(', ')}. Add --yes to do it.`);
  await compose('down');
  if (folders.length === 0) return [];
  // The files belong to the accounts inside the containers, so a container removes them.
  const inside = folders.map((folder) => `/stack-data/${basename(folder)}`);
  await compose('run', '--rm', '--no-deps', '--user', '0', '--volume', `${join(settings.projectFolder, 'data')}:/stack-data`, '--entrypoint', 'rm', 'redis', '-rf', ...inside);
  await compose('down');
  return folders;
}
