/**
 * Servers for tests that stay between test runs, so that each run starts faster:
 *   node --import tsx scripts/test-servers.ts start|stop|status
 * Without them every test run starts its own and stops them at its end.
 */
import { sharedTestServers, startSharedTestServers, stopSharedTestServers } from '../test/support/servers.ts';

const command = process.argv[2];
if (command === 'start') console.log(JSON.stringify(await startSharedTestServers(), null, 2));
else if (command === 'stop') console.log((await stopSharedTestServers()) ? 'stopped' : 'none were running');
else if (command === 'status') {
  const running = await sharedTestServers();
  console.log(running === undefined ? 'none are running' : JSON.stringify(running, null, 2));
} else {
  console.error('usage: test-servers.ts start|stop|status');
  process.exitCode = 2;
}
