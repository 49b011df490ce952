import { stopOwnTestServers } from './servers.ts';

/** mocha calls this once, after the last test of the run. */
export async function mochaGlobalTeardown(): Promise<void> {
  await stopOwnTestServers();
}
