import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FixtureProject } from './fixture-project.ts';

const COMMAND = join(import.meta.dirname, '..', '..', 'bin', 'ml-pipeline.js');

/** `ml-pipeline worker` as a process of its own. */
export interface WorkerProcess {
  readonly pid: number;
  /** The training processes that it started and that run now. */
  trainers(): readonly number[];
  /** Sends the signal and waits for the end: the exit code, or the signal that ended it. */
  end(signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null>;
}

/** Resolves when the worker has taken up its work. */
export async function startWorkerProcess(project: FixtureProject): Promise<WorkerProcess> {
  const child = spawn(process.execPath, [COMMAND, 'worker'], { cwd: project.folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  await new Promise<void>((resolve, reject) => {
    const read = (text: Buffer): void => {
      output = (output + text.toString()).slice(-10_000);
      if (output.includes('worker started')) resolve();
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    void exited.then(() => reject(new Error(`the worker ended:\n${output}`)));
  });
  const pid = child.pid!;
  return {
    pid,
    trainers: () => childrenOf(pid).filter((child) => commandOf(child).includes('child-main')),
    end: async (signal) => {
      child.kill(signal);
      const [code, endSignal] = await exited;
      return endSignal ?? code;
    },
  };
}

function childrenOf(parent: number): number[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => parentOf(pid) === parent);
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return ''; // it ended meanwhile
  }
}

/** undefined for a process that is gone, or a zombie. */
function parentOf(pid: number): number | undefined {
  try {
    const [, state, parent] = /^\d+ \(.*\) (\S) (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))!;
    return state === 'Z' ? undefined : Number(parent);
  } catch {
    return undefined; // it ended meanwhile
  }
}

export function isAlive(pid: number): boolean {
  return parentOf(pid) !== undefined;
}

/** Waits until the condition holds, looking often. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(50);
}
