import { execFile, fork, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface LoadOptions {
  readonly port: number;
  readonly connections: number;
  readonly seconds: number;
  /** JSON bodies, sent in turn. */
  readonly bodies: readonly string[];
  /** Requests that are due each second over all connections, evenly; each is timed from when it was due, so that a wait for a free connection counts. Left out: as many as come. */
  readonly perSecond?: number;
}

export interface LoadResult {
  readonly perSecond: number;
  /** Answers other than 200, and connections that the server closed. */
  readonly errors: number;
  /** Milliseconds, of the requests that were answered with 200. */
  readonly p50: number;
  readonly p99: number;
}

/** The command wrk, where it is installed: it takes less of a shared machine than a load generator in Node can. */
export function findWrk(): string | undefined {
  return spawnSync('wrk', ['-v'], { stdio: 'ignore' }).error === undefined ? 'wrk' : undefined;
}

/** POSTs `/get-online-features` over kept connections, from a process of its own. wrk cannot keep a rate, so that one is kept by Node. */
export async function runLoad(root: string, options: LoadOptions): Promise<LoadResult> {
  const wrk = options.perSecond === undefined ? findWrk() : undefined;
  if (wrk !== undefined) return runWrk(wrk, root, options);
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(new URL('serving-load-process.js', import.meta.url)), { execArgv: [] });
    child.once('message', (result) => resolve(result as LoadResult)).once('exit', (code) => reject(new Error(`the load generator ended with ${code}`)));
    child.send(options);
  });
}

async function runWrk(wrk: string, root: string, { port, connections, seconds, bodies }: LoadOptions): Promise<LoadResult> {
  const folder = await mkdtemp(join(tmpdir(), 'ml-pipeline-bench-wrk-'));
  try {
    const file = join(folder, 'bodies.jsonl');
    await writeFile(file, `${bodies.join('\n')}\n`);
    const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '10s', '--latency', '-s', join(root, 'bench', 'support', 'post-bodies.lua'), `http://127.0.0.1:${port}/`, '--', file];
    const output = await new Promise<string>((resolve, reject) => execFile(wrk, args, (error, stdout, stderr) => (error === null ? resolve(stdout) : reject(new Error(`wrk failed: ${stderr}${stdout}`)))));
    return readWrk(output, seconds);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** What wrk prints. Its rate counts every answer; the failed ones are taken off. */
function readWrk(output: string, seconds: number): LoadResult {
  const find = (pattern: RegExp): string[] => pattern.exec(output)?.slice(1) ?? [];
  const sum = (texts: readonly string[]): number => texts.reduce((total, text) => total + Number(text), 0);
  const refused = sum(find(/Non-2xx or 3xx responses: (\d+)/));
  const closed = sum(find(/Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/));
  const millis = (share: string): number => {
    const [value, unit] = find(new RegExp(`${share}%\\s+([\\d.]+)(us|ms|s|m)\\b`));
    return Number(value) * { us: 0.001, ms: 1, s: 1000, m: 60_000 }[unit as 'us' | 'ms' | 's' | 'm'];
  };
  const [rate] = find(/Requests\/sec:\s+([\d.]+)/);
  if (rate === undefined) throw new Error(`wrk answered something else than expected:\n${output}`);
  return { perSecond: Number(rate) - refused / seconds, errors: refused + closed, p50: millis('50'), p99: millis('99') };
}
