import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ApiStart {
  /** From the start of the process to the last byte of the first prediction, milliseconds. */
  readonly firstPrediction: number;
  /** Peak of resident memory after that and a thousand predictions more, megabytes of 2^20 bytes. */
  readonly peakMegabytes: number;
}

export interface ApiToStart {
  /** The project whose settings it reads. */
  readonly folder: string;
  readonly port: number;
  /** The body of `POST /predict`. */
  readonly body: string;
}

/** How often a client that waits for the first answer asks. */
const ASK_MS = 5;
const GIVE_UP_MS = 30_000;
const MORE_PREDICTIONS = 1_000;

/** Starts the compiled API on one core, as Cloud Run gives it, asks until it predicts, and ends it. Linux alone: `taskset` and /proc. */
export async function measureStart(compiled: string, { folder, port, body }: ApiToStart): Promise<ApiStart> {
  const { APP_ENV: _, ...inherited } = process.env;
  const begun = performance.now();
  const child = spawn('taskset', ['-c', '0', process.execPath, join(compiled, 'cli', 'main.js'), 'serve', '--port', String(port)], { cwd: folder, env: { ...inherited, NODE_ENV: 'production' }, stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'exit');
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  try {
    while ((await predict(port, body)) !== 200) {
      if (child.exitCode !== null || performance.now() - begun > GIVE_UP_MS) throw new Error(`The API did not predict:\n${said}`);
      await sleep(ASK_MS);
    }
    const firstPrediction = performance.now() - begun;
    for (let count = 0; count < MORE_PREDICTIONS; count++) await predict(port, body);
    const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
    return { firstPrediction, peakMegabytes: Number(/VmHWM:\s+(\d+) kB/.exec(status)![1]) / 1024 };
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
}

/** Its status; 0 where nothing answers. */
function predict(port: number, body: string): Promise<number> {
  return new Promise((resolve) => {
    const sent = request({ host: '127.0.0.1', port, path: '/predict', method: 'POST', headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) } }, (response) => response.resume().once('end', () => resolve(response.statusCode ?? 0)));
    sent.once('error', () => resolve(0)).end(body);
  });
}
