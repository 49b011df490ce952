import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { findFreePorts } from '../../adapters/local-stack/port-holder.ts';

const START_MS = 20_000;

/** A stand-in for Cloud Storage on loopback, in memory, with the bucket. */
export async function startStorage(command: string, bucket: string): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const [port] = (await findFreePorts(1)) as [number];
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(command, ['-scheme', 'http', '-backend', 'memory', '-host', '127.0.0.1', '-port', String(port), '-external-url', url, '-public-host', `127.0.0.1:${port}`, '-log-level', 'warn'], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  const end = (): boolean => child.kill('SIGKILL');
  process.once('exit', end); // an interrupted run leaves nothing behind
  const stop = async (): Promise<void> => {
    process.off('exit', end);
    child.kill('SIGTERM');
    await ended;
  };
  const made = (): Promise<boolean> => fetch(`${url}/storage/v1/b?project=bench`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ name: bucket }) }).then(({ ok }) => ok, () => false);
  for (const deadline = Date.now() + START_MS; Date.now() < deadline && child.exitCode === null; await sleep(50)) if (await made()) return { url, stop };
  await stop();
  throw new Error('The stand-in for Cloud Storage did not start');
}
