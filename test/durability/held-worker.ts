import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Project } from '../../config/load-config.ts';

/** A worker as a process of its own that stops in the middle of a materialization, so that it can be looked at, and killed, there. */
export interface HeldWorker {
  /** Resolves when it stands before the batch. */
  readonly held: Promise<void>;
  kill(): Promise<void>;
}

/** `atBatch`: the write to the online store that it does not begin, counted from 1. Resolves when it has taken up its work. */
export async function startHeldWorker({ folder, environment, config }: Project, atBatch: number): Promise<HeldWorker> {
  const child = fork(join(import.meta.dirname, 'held-worker-main.ts'), [JSON.stringify({ project: { folder, environment, config }, atBatch })], { execArgv: ['--import', 'tsx'] });
  const ended = once(child, 'exit');
  const told = async (): Promise<unknown> => {
    const [what] = await Promise.race([once(child, 'message') as Promise<unknown[]>, ended.then(() => ['ended'])]);
    return what;
  };
  assert.equal(await told(), 'started');
  return {
    held: told().then((what) => assert.equal(what, 'held')),
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
