import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface LoadOptions {
  readonly port: number;
  readonly connections: number;
  readonly seconds: number;
  /** JSON bodies, sent in turn. */
  readonly bodies: readonly string[];
  /** Requests that are due each second over all connections, evenly; a wait for a free connection then counts as the request's. Left out: as many as come. */
  readonly perSecond?: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

/** POSTs `/get-online-features` over kept connections, from a process of its own. Rejects on any answer that is not 200. */
export function runLoad(options: LoadOptions): Promise<LoadResult> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(new URL('serving-load-process.ts', import.meta.url)), { execArgv: ['--import', 'tsx'] });
    child.once('message', (result) => resolve(result as LoadResult)).once('exit', (code) => reject(new Error(`the load generator ended with ${code}`)));
    child.send(options);
  });
}
