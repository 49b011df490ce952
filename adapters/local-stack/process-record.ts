import { readFileSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { PipelineError } from '../../domain/errors.ts';

/** A process that we started, told apart from a later one with the same number by its start time and the machine's boot. */
export interface ProcessRecord {
  readonly pid: number;
  /** Clock ticks since boot, field 22 of /proc/<pid>/stat. */
  readonly startTime: string;
  readonly bootId: string;
  /** For a server: the port that it was started on. */
  readonly port?: number;
}

/** What identifies the process `pid` now; undefined when there is none, or only its unreaped remains. */
export function identifyProcess(pid: number): ProcessRecord | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined; // no such process
  }
  // The second field, the name, is in brackets and may hold spaces and brackets itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, startTime] = [fields[0], fields[19]];
  if (state === 'Z' || state === 'X' || startTime === undefined) return undefined;
  return { pid, startTime, bootId: bootId() };
}

/** Whether the process of the record is still there: the same number, the same start, the same boot. */
export function isRunning(record: ProcessRecord): boolean {
  const now = identifyProcess(record.pid);
  return now !== undefined && now.startTime === record.startTime && now.bootId === record.bootId;
}

/** The recorded process if it still runs; undefined when there is no record or the process is gone. */
export async function readRunning(recordFile: string): Promise<ProcessRecord | undefined> {
  let text: string;
  try {
    text = await readFile(recordFile, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const record = JSON.parse(text) as ProcessRecord;
  return isRunning(record) ? record : undefined;
}

export async function writeRecord(recordFile: string, record: ProcessRecord): Promise<void> {
  const temporary = `${recordFile}.${process.pid}`;
  await writeFile(temporary, `${JSON.stringify(record)}\n`);
  await rename(temporary, recordFile);
}

/**
 * Asks the recorded process to end, waits for it, and removes the record. A process that is not the recorded one is never signalled.
 * Resolves to false when there was nothing to stop.
 */
export async function stopRecorded(recordFile: string, signal: NodeJS.Signals = 'SIGTERM', patienceMs = 30_000): Promise<boolean> {
  const record = await readRunning(recordFile);
  if (record !== undefined) await stopProcess(record, signal, patienceMs);
  await rm(recordFile, { force: true });
  return record !== undefined;
}

/** Signals the process and waits until it is gone. It is never killed outright: a server that cannot end would lose data. */
export async function stopProcess(record: ProcessRecord, signal: NodeJS.Signals = 'SIGTERM', patienceMs = 30_000): Promise<void> {
  if (!isRunning(record)) return;
  process.kill(record.pid, signal);
  const deadline = Date.now() + patienceMs;
  while (isRunning(record)) {
    if (Date.now() > deadline) {
      throw new PipelineError('UNAVAILABLE', `Process ${record.pid} was asked to end and still runs after ${patienceMs / 1000} s. See its log; if it hangs, end it with: kill -9 ${record.pid}`);
    }
    await sleep(30);
  }
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}
