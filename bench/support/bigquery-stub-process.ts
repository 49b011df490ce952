import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { BigQuerySettings } from '../../adapters/bigquery/connection.ts';

export interface StubProcess {
  /** Of clients that ask it. */
  readonly settings: BigQuerySettings;
  stop(): Promise<void>;
}

/** A process that holds so many rows as BigQuery would give them; `json`: as pages of JSON too. */
export async function startStubProcess(kind: 'dataset' | 'newest', rows: number, json: boolean): Promise<StubProcess> {
  const child = fork(join(import.meta.dirname, '..', 'children', 'bigquery-stub.js'), [kind, String(rows), json ? 'json' : 'arrow'], { execArgv: ['--max-old-space-size=8192'] });
  const end = (): boolean => child.kill('SIGKILL');
  process.once('exit', end); // an interrupted run leaves nothing behind
  const { rest, grpc } = await new Promise<{ readonly rest: string; readonly grpc: string }>((resolve, reject) => child.once('message', (message) => resolve(message as never)).once('exit', (code) => reject(new Error(`the stand-in for BigQuery ended with ${code}`))));
  return {
    settings: { project: 'bench', location: 'us', maximum_bytes_billed: 2 ** 40, api_endpoint: rest, grpc_endpoint: grpc, datasets: { raw: 'raw', feature_mart: 'feature_mart', spine: 'spine', registry: 'registry' } },
    stop: async () => {
      const ended = once(child, 'exit');
      process.off('exit', end);
      end();
      await ended;
    },
  };
}
