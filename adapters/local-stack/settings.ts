import { join } from 'node:path';
import { refuseProblems } from '../../domain/errors.ts';
import type { Problem } from '../../domain/errors.ts';
import type { StackEngine } from '../../ports/local-stack.ts';

/** The settings that name a port, with its default. */
export const STACK_PORTS = { POSTGRES_PORT: 5432, REDIS_PORT: 6379, TEMPORAL_PORT: 7233, TEMPORAL_UI_PORT: 8233, API_PORT: 3000, MLFLOW_PORT: 5000 } as const;
export type StackPort = keyof typeof STACK_PORTS;
const PASSWORDS = ['POSTGRES_SUPERUSER_PASSWORD', 'POSTGRES_PASSWORD', 'REDIS_PASSWORD'] as const;

/** What the local stack of one project folder needs to know. */
export interface StackSettings {
  readonly projectFolder: string;
  /** The folder that scripts/install_tools.sh fills. */
  readonly toolsFolder: string;
  readonly composeFile: string;
  readonly engine: StackEngine | 'auto';
  readonly ports: Readonly<Record<StackPort, number>>;
  readonly passwords: Readonly<Record<(typeof PASSWORDS)[number], string>>;
}

export interface StackFolders {
  readonly projectFolder: string;
  readonly toolsFolder?: string;
  readonly composeFile?: string;
}

/** Reads the settings (see .env.example), all problems at once. */
export function stackSettings(settings: Readonly<Record<string, string | undefined>>, folders: StackFolders): StackSettings {
  const problems: Problem[] = [];
  const ports = readPorts(settings, problems);
  const passwords = Object.fromEntries(PASSWORDS.map((name) => [name, readPassword(name, settings[name], problems)]));
  const engine = settings['STACK_ENGINE'] || 'auto';
  if (!['auto', 'compose', 'native'].includes(engine)) problems.push({ path: 'STACK_ENGINE', message: `"${engine}" is not an engine.`, cure: 'Use auto, compose or native.' });
  refuseProblems('INVALID_CONFIG', 'The settings of the local stack (.env) have problems.', problems);
  return {
    projectFolder: folders.projectFolder,
    toolsFolder: folders.toolsFolder ?? join(folders.projectFolder, '.tools'),
    composeFile: folders.composeFile ?? join(folders.projectFolder, 'docker-compose.local.yml'),
    engine: engine as StackSettings['engine'],
    ports,
    passwords: passwords as StackSettings['passwords'],
  };
}

/** Only the ports of the settings, all problems at once. */
export function stackPorts(settings: Readonly<Record<string, string | undefined>>): Readonly<Record<StackPort, number>> {
  const problems: Problem[] = [];
  const ports = readPorts(settings, problems);
  refuseProblems('INVALID_CONFIG', 'The ports of the local stack (.env) have problems.', problems);
  return ports;
}

function readPorts(settings: Readonly<Record<string, string | undefined>>, problems: Problem[]): Record<StackPort, number> {
  const users = new Map<number, string>();
  const entries = Object.entries(STACK_PORTS).map(([name, standard]) => {
    const text = settings[name] || String(standard);
    const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
    const other = users.get(port);
    if (port < 1 || port > 65_535) problems.push({ path: name, message: `"${text}" is not a port.`, cure: 'Use a number from 1 to 65535.' });
    else if (other !== undefined) problems.push({ path: name, message: `port ${port} is already that of ${other}.`, cure: 'Give each its own.' });
    else users.set(port, name);
    return [name, port] as const;
  });
  return Object.fromEntries(entries) as Record<StackPort, number>;
}

function readPassword(name: string, value: string | undefined, problems: Problem[]): string {
  if (value === undefined || value === '') problems.push({ path: name, message: 'is empty.', cure: 'Give it a value in .env; setup makes a random one in a new .env.' });
  else if (!/^[\w.~-]+$/.test(value)) problems.push({ path: name, message: 'has a character that means something in a URL or to a shell.', cure: 'Use letters, digits and . ~ _ - only, and more of them.' });
  return value ?? '';
}
