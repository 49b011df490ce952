import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FOLDER } from './python-client.ts';

/** A real MLflow server on loopback: SQLite and artifacts in the folder, or artifacts at another address; they pass through the server. `stop` ends it with its workers. */
export async function startServer(folder: string, artifacts: string = join(folder, 'artifacts'), variables: Readonly<Record<string, string>> = {}): Promise<{ readonly uri: string; stop(): Promise<void> }> {
  const port = await freePort();
  const args = ['server', '--backend-store-uri', `sqlite:///${join(folder, 'mlflow.db')}`, '--artifacts-destination', artifacts, '--host', '127.0.0.1', '--port', String(port), '--workers', '1'];
  const environment = { ...process.env, ...variables, MLFLOW_DISABLE_TELEMETRY: 'true', MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false' };
  const child = spawn(join(FOLDER, 'mlflow'), args, { cwd: folder, env: environment, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (log = (log + String(text)).slice(-4000)));
  const ended = once(child, 'exit');
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
    await ended;
  };
  const uri = `http://127.0.0.1:${port}`;
  for (const deadline = Date.now() + 180_000; ; await sleep(300)) {
    if (await fetch(`${uri}/health`).then((response) => response.ok, () => false)) return { uri, stop };
    if (child.exitCode !== null || Date.now() > deadline) {
      await stop();
      throw new Error(`MLflow's server did not start:\n${log}`);
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
