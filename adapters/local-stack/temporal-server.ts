import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ServerProcess } from './server-process.ts';

export interface TemporalOptions {
  /** Folder with the link `temporal`. */
  readonly binaries: string;
  readonly dataFolder: string;
  readonly logFile: string;
  readonly recordFile: string;
  readonly port: number;
  readonly uiPort: number;
  /** false: histories are kept in memory, for tests. */
  readonly durable: boolean;
  /** `Name=Type` each, such as `Recipe=Keyword`. */
  readonly searchAttributes: readonly string[];
}

const execute = promisify(execFile);

/** Temporal's development server on 127.0.0.1: one process with its web UI, namespace `default`, histories in one SQLite file. */
export function temporalServer(options: TemporalOptions): ServerProcess {
  mkdirSync(options.dataFolder, { recursive: true });
  const command = join(options.binaries, 'temporal');
  const attributes = options.searchAttributes.flatMap((attribute) => ['--search-attribute', attribute]);
  const file = options.durable ? ['--db-filename', join(options.dataFolder, 'temporal.db')] : [];
  return {
    name: 'Temporal',
    command,
    args: ['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(options.port), '--ui-port', String(options.uiPort), '--log-level', 'warn', ...file, ...attributes],
    ports: [{ port: options.port, setting: 'TEMPORAL_PORT' }, { port: options.uiPort, setting: 'TEMPORAL_UI_PORT' }],
    logFile: options.logFile,
    recordFile: options.recordFile,
    workingFolder: options.dataFolder,
    stopSignal: 'SIGTERM',
    answers: async () => {
      await execute(command, ['operator', 'namespace', 'describe', '--namespace', 'default', '--address', `127.0.0.1:${options.port}`, '--command-timeout', '3s']);
    },
  };
}

/** `Name=Type` of the attributes that the namespace `default` has beside Temporal's own. */
export async function listSearchAttributes(temporal: string, address: string): Promise<string[]> {
  const { stdout } = await execute(temporal, ['operator', 'search-attribute', 'list', '--address', address, '--output', 'json', '--command-timeout', '5s']);
  const { customAttributes } = JSON.parse(stdout) as { readonly customAttributes: Readonly<Record<string, string>> };
  return Object.entries(customAttributes).map(([name, type]) => `${name}=${TYPE_NAMES[type] ?? type}`);
}

/** Registers what the namespace lacks: the server's own flag acts on a new database only. Resolves to the ones added. */
export async function addSearchAttributes(temporal: string, address: string, wanted: readonly string[]): Promise<string[]> {
  const present = new Set(await listSearchAttributes(temporal, address));
  const missing = wanted.filter((attribute) => !present.has(attribute));
  const pairs = missing.map((attribute) => attribute.split('=') as [string, string]);
  if (missing.length > 0) {
    await execute(temporal, ['operator', 'search-attribute', 'create', '--address', address, '--command-timeout', '10s', ...pairs.flatMap(([name, type]) => ['--name', name, '--type', type])]);
  }
  return missing;
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  INDEXED_VALUE_TYPE_TEXT: 'Text',
  INDEXED_VALUE_TYPE_KEYWORD: 'Keyword',
  INDEXED_VALUE_TYPE_KEYWORD_LIST: 'KeywordList',
  INDEXED_VALUE_TYPE_INT: 'Int',
  INDEXED_VALUE_TYPE_DOUBLE: 'Double',
  INDEXED_VALUE_TYPE_BOOL: 'Bool',
  INDEXED_VALUE_TYPE_DATETIME: 'Datetime',
};
