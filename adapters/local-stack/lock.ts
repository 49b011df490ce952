import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { PipelineError } from '../../domain/errors.ts';

/**
 * Runs `work` while no other process does so for the same folder; waits for one that does. The lock is a socket name of the kernel,
 * so it goes with the process that holds it, however that ends.
 */
export async function withStackLock<T>(folder: string, work: () => Promise<T>, patienceMs = 180_000): Promise<T> {
  const name = `\0ml-pipeline-stack-${createHash('sha256').update(folder).digest('hex').slice(0, 24)}`;
  const deadline = Date.now() + patienceMs;
  let held = await take(name);
  while (held === undefined) {
    if (Date.now() > deadline) throw new PipelineError('UNAVAILABLE', `Another process has been starting or stopping the stack of ${folder} for ${patienceMs / 1000} s. Try again when it is done.`);
    await sleep(100);
    held = await take(name);
  }
  try {
    return await work();
  } finally {
    held.close();
  }
}

function take(name: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error)));
    server.listen(name, () => resolve(server.unref()));
  });
}
