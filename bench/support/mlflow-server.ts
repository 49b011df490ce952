import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findFreePorts } from '../../adapters/local-stack/port-holder.ts';

const START_MS = 120_000;

/** MLflow's own server on loopback, with SQLite and artifacts in the folder. `stop` ends it with its workers. */
export async function startMlflow(command: string, folder: string): Promise<{ readonly uri: string; stop(): Promise<void> }> {
  const [port] = (await findFreePorts(1)) as [number];
  const args = ['server', '--backend-store-uri', `sqlite:///${join(folder, 'mlflow.db')}`, '--artifacts-destination', join(folder, 'artifacts'), '--host', '127.0.0.1', '--port', String(port), '--workers', '1'];
  const child = spawn(command, args, { cwd: folder, env: { ...process.env, MLFLOW_DISABLE_TELEMETRY: 'true', MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false' }, detached: true, stdio: 'ignore' });
  const ended = once(child, 'exit');
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
    await ended;
  };
  const uri = `http://127.0.0.1:${port}`;
  for (const deadline = Date.now() + START_MS; Date.now() < deadline && child.exitCode === null; await sleep(200)) {
    if (await fetch(`${uri}/health`).then(({ ok }) => ok, () => false)) return { uri, stop };
  }
  await stop();
  throw new Error("MLflow's server did not start");
}
