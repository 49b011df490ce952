import { spawn } from 'node:child_process';
import { chownSync, mkdirSync, openSync, closeSync } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PipelineError } from '../../domain/errors.ts';
import { refuseHeldPorts } from './port-holder.ts';
import type { PortSetting } from './port-holder.ts';
import { identifyProcess, isRunning, readRunning, stopRecorded, writeRecord } from './process-record.ts';
import type { ProcessRecord } from './process-record.ts';

/** How one native server is started and known. */
export interface ServerProcess {
  /** As users know it, e.g. `PostgreSQL`. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Each port with the setting that changes it; the one that `answers` asks first. Empty: it does not listen. */
  readonly ports: readonly PortSetting[];
  readonly logFile: string;
  /** Holds the ProcessRecord while the server runs. */
  readonly recordFile: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Text for the server's standard input, such as a configuration with a password, which must not show in `ps`. */
  readonly input?: string;
  /** Another account to run as (needs root). */
  readonly account?: { readonly uid: number; readonly gid: number };
  readonly workingFolder: string;
  /** What asks it to end at once and in order. */
  readonly stopSignal: NodeJS.Signals;
  /** Resolves when the server answers; rejects when it does not yet; with a PipelineError when waiting cannot help. */
  readonly answers: (process: ProcessRecord) => Promise<void>;
  /** How long it may take until it answers; default one minute. */
  readonly patienceMs?: number;
}

export type Started = 'started' | 'already running';

/**
 * Starts the server detached from this process, so that it outlives it, and waits until it answers.
 * One that we started before and that still runs is left alone. A port that something else holds is refused by name, before anything starts.
 */
export async function startServer(server: ServerProcess): Promise<Started> {
  const running = await readRunning(server.recordFile);
  if (running !== undefined) {
    refuseOtherPort(server, running);
    await waitUntilAnswering(server, running, 0, 15_000);
    return 'already running';
  }
  refuseHeldPorts(`${server.name} was not started.`, server.ports);
  const logStart = await sizeOf(server.logFile);
  const [first] = server.ports;
  const record: ProcessRecord = { ...launch(server), ...(first === undefined ? {} : { port: first.port }) };
  await writeRecord(server.recordFile, record);
  await waitUntilAnswering(server, record, logStart, server.patienceMs ?? 60_000).catch(async (error: unknown) => {
    await stopRecorded(server.recordFile, server.stopSignal);
    throw error;
  });
  return 'started';
}

function refuseOtherPort({ name, ports: [first] }: ServerProcess, running: ProcessRecord): void {
  if (first === undefined || running.port === undefined || running.port === first.port) return;
  const { port, setting } = first;
  throw new PipelineError('CONFLICT', `${name} runs on port ${running.port}, but ${setting} is now ${port}. Restart it: ml-pipeline stack down && ml-pipeline stack up`);
}

function launch(server: ServerProcess): ProcessRecord {
  for (const file of [server.logFile, server.recordFile]) mkdirSync(dirname(file), { recursive: true });
  const log = openSync(server.logFile, 'a', 0o600);
  if (server.account !== undefined) chownSync(server.logFile, server.account.uid, server.account.gid);
  try {
    const child = spawn(server.command, [...server.args], {
      cwd: server.workingFolder,
      detached: true,
      stdio: [server.input === undefined ? 'ignore' : 'pipe', log, log],
      env: { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8', HOME: server.workingFolder, TZ: 'UTC', ...server.environment },
      ...(server.account === undefined ? {} : server.account),
    });
    child.on('error', () => undefined); // no pid below says the same
    child.stdin?.on('error', () => undefined); // ended before it read: the wait for its answer reports it, with its log
    child.stdin?.end(server.input);
    const record = child.pid === undefined ? undefined : identifyProcess(child.pid);
    child.unref();
    if (record === undefined) throw new PipelineError('UNAVAILABLE', `${server.name} could not be started: ${server.command} cannot be run. Run: ml-pipeline stack install`);
    return record;
  } finally {
    closeSync(log);
  }
}

async function waitUntilAnswering(server: ServerProcess, record: ProcessRecord, logStart: number, patienceMs: number): Promise<void> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const failure = await server.answers(record).then(() => undefined, (error: unknown) => error as Error);
    if (failure === undefined) return;
    if (failure instanceof PipelineError) throw failure;
    if (!isRunning(record)) {
      throw new PipelineError('UNAVAILABLE', `${server.name} ended right after its start. The end of ${server.logFile}:\n${await tail(server.logFile, logStart)}`);
    }
    if (Date.now() > deadline) {
      throw new PipelineError('UNAVAILABLE', `${server.name} (process ${record.pid}) did not answer within ${patienceMs / 1000} s: ${failure.message}. See ${server.logFile}.`, { cause: failure });
    }
    await sleep(60);
  }
}

async function sizeOf(file: string): Promise<number> {
  return (await stat(file).catch(() => undefined))?.size ?? 0;
}

/** The last lines written to the file since byte `from`, at most 2,000 bytes of them. */
export async function tail(file: string, from = 0, maxBytes = 2000): Promise<string> {
  const size = await sizeOf(file);
  const start = Math.max(from, size - maxBytes);
  if (size <= start) return '';
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - start), 0, size - start, start);
    return buffer.subarray(0, bytesRead).toString('utf8').trimEnd();
  } finally {
    await handle.close();
  }
}

/** The last lines of a log, or nothing where there is none. */
export async function lastLines(logFile: string, lines: number): Promise<string> {
  const text = await tail(logFile, 0, Math.max(lines, 1) * 400);
  return text.split('\n').slice(-lines).join('\n');
}
