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
  /** Names with their types, e.g. { Recipe: 'Keyword' }. */
  readonly searchAttributes: Readonly<Record<string, string>>;
}

const execute = promisify(execFile);

/** Temporal's development server on 127.0.0.1: one process with its web UI, namespace `default`, histories in one SQLite file. */
export function temporalServer(options: TemporalOptions): ServerProcess {
  mkdirSync(options.dataFolder, { recursive: true });
  const command = join(options.binaries, 'temporal');
  const attributes = Object.entries(options.searchAttributes).flatMap(([name, type]) => ['--search-attribute', `${name}=${type}`]);
  const file = options.durable ? ['--db-filename', join(options.dataFolder, 'temporal.db')] : [];
  return {
    name: 'Temporal',
    command,
    args: ['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(options.port), '--ui-port', String(options.uiPort), '--log-level', 'warn', ...file, ...attributes],
    ports: [{ port: options.port, setting: 'TEMPORAL_PORT' }, { port: options.uiPort, setting: 'TEMPORAL_UI_PORT' }],
    logFile: options.logFile,
    recordFile: options.recordFile,
    workingFolder: options.dataFolder,
    answers: async () => {
      await execute(command, ['operator', 'namespace', 'describe', '--namespace', 'default', '--address', `127.0.0.1:${options.port}`, '--command-timeout', '3s']);
    },
  };
}
