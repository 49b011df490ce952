/**
 * Servers for tests that stay between test runs, so that each run starts faster:
 *   node --import tsx scripts/test-servers.ts start|stop|status
 * Without them every test run starts its own and stops them at its end. What stands in for Google Cloud is started where it is installed.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cloudServerGroup } from '../test/support/cloud-servers.ts';
import { TOOLS } from '../test/support/server-group.ts';
import { testServerGroup } from '../test/support/servers.ts';

const command = process.argv[2];
if (command === 'start') {
  const [servers, cloud] = await Promise.all([testServerGroup.startShared(), existsSync(join(TOOLS, 'cloud')) ? cloudServerGroup.startShared() : undefined]);
  console.log(JSON.stringify({ ...servers, ...cloud }, null, 2));
} else if (command === 'stop') {
  const stopped = await Promise.all([testServerGroup.stopShared(), cloudServerGroup.stopShared()]);
  console.log(stopped.includes(true) ? 'stopped' : 'none were running');
} else if (command === 'status') {
  const running = await Promise.all([testServerGroup.shared(), cloudServerGroup.shared()]);
  console.log(running.every((servers) => servers === undefined) ? 'none are running' : JSON.stringify(Object.assign({}, ...running), null, 2));
} else {
  console.error('usage: test-servers.ts start|stop|status');
  process.exitCode = 2;
}
