import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { TimeLimitError } from './samples.ts';

/** What a measured process tells of its work. */
export interface Outcome {
  /** Of the work alone: starting the process, loading code and connecting come before. */
  readonly seconds: number;
  /** The greatest resident memory of the whole process, megabytes of 2^20 bytes. */
  readonly peakMb: number;
}

/**
 * Runs a command that reads its options as JSON from standard input (they hold passwords) and prints its outcome as JSON on its last line. Rejects with its standard error when it fails,
 * with TimeLimitError when it is killed after `limitSeconds`.
 */
export async function runChild<T extends Outcome>(command: string, args: readonly string[], options: object, limitSeconds?: number): Promise<T> {
  const child = spawn(command, [...args], { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, FEAST_USAGE: 'False', PYTHONWARNINGS: 'ignore', TZ: 'UTC' } });
  const end = (): boolean => child.kill('SIGKILL');
  process.once('exit', end); // an interrupted run leaves nothing behind
  let late = false;
  const timer = limitSeconds === undefined ? undefined : setTimeout(() => (late = end()), limitSeconds * 1000);
  child.stdin.end(JSON.stringify(options));
  const [output, complaint, code] = await Promise.all([text(child.stdout), text(child.stderr), new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve))]);
  clearTimeout(timer);
  process.off('exit', end);
  if (late) throw new TimeLimitError(limitSeconds!);
  if (code !== 0) throw new Error(`${[command, ...args].join(' ')} ended with ${code}:\n${complaint.slice(-3000)}`);
  return JSON.parse(output.trimEnd().split('\n').at(-1)!) as T;
}
