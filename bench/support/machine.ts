import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findWrk } from './serving-load.ts';

/** What a reader needs to know of the machine and of what is measured on it, by name. */
export function machineFacts(tools: string): readonly (readonly [string, string])[] {
  const version = (command: string, args: readonly string[]): string => {
    const { status, stdout } = spawnSync(command, [...args], { encoding: 'utf8' });
    return status === 0 ? stdout.trim().split('\n').at(-1)! : 'not there';
  };
  const python = 'import sys, feast, pandas, pyarrow; print(f"{feast.__version__}, Python {sys.version.split()[0]}, pandas {pandas.__version__}, pyarrow {pyarrow.__version__}")';
  return [
    ['machine', `${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GB`],
    ['Node', process.version],
    ['PostgreSQL', `${version(join(tools, 'bin', 'postgres'), ['--version'])}, shared_buffers 1 GB, no fsync`],
    ['Redis', `${version(join(tools, 'bin', 'redis-server'), ['--version'])}, no persistence`],
    ['Feast', version(join(tools, 'feast', 'bin', 'python'), ['-W', 'ignore', '-c', python])],
    ['load generator', findWrk() === undefined ? "a process of the harness's own (wrk is not installed)" : "wrk for the greatest rate, a process of the harness's own for a fixed rate"],
  ];
}

/** Of the last 1, 5 and 15 minutes. */
export async function loadAverage(): Promise<string> {
  return (await readFile('/proc/loadavg', 'utf8')).split(' ').slice(0, 3).join(' ');
}

/** Peak of resident memory of this process, megabytes of 2^20 bytes. */
export async function ownPeakMegabytes(): Promise<number> {
  return Number(/VmHWM:\s+(\d+) kB/.exec(await readFile('/proc/self/status', 'utf8'))![1]) / 1024;
}

export interface CpuClock {
  readonly at: number;
  /** Seconds of all cores at work since the machine started. */
  readonly all: number;
  /** Seconds of this process and of every process below it, the ended ones too. */
  readonly own: number;
}

/** On Linux, in hundredths of a second. */
export async function cpuClock(): Promise<CpuClock> {
  const [, user, nice, system, , , irq, softIrq] = (await readFile('/proc/stat', 'utf8')).split('\n')[0]!.split(/\s+/).map(Number) as [number, number, number, number, number, number, number, number];
  return { at: performance.now() / 1000, all: (user + nice + system + irq + softIrq) / 100, own: await cpuSeconds(process.pid) };
}

/** Cores that other processes than ours kept at work between the two. */
export function coresOfOthers(from: CpuClock, to: CpuClock): number {
  return Math.max(0, (to.all - from.all - (to.own - from.own)) / (to.at - from.at));
}

/** Over one second in which nothing of ours is measured. */
export async function coresOfOthersNow(): Promise<number> {
  const from = await cpuClock();
  await sleep(1000);
  return coresOfOthers(from, await cpuClock());
}

/** Of the process, its ended children and all that run below it; 0 when it is gone. */
export async function cpuSeconds(pid: number): Promise<number> {
  const read = (file: string): Promise<string> => readFile(file, 'utf8').catch(() => ''); // ended meanwhile: counted by its parent
  const [stat, children] = await Promise.all([read(`/proc/${pid}/stat`), read(`/proc/${pid}/task/${pid}/children`)]);
  if (stat === '') return 0;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const below = await Promise.all(children.split(' ').filter((text) => text !== '').map((child) => cpuSeconds(Number(child))));
  return [...fields.slice(11, 15).map((ticks) => Number(ticks) / 100), ...below].reduce((sum, seconds) => sum + seconds, 0);
}
