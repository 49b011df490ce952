import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findFreePorts } from '../../adapters/local-stack/port-holder.ts';
import { postgresServer } from '../../adapters/local-stack/postgres-server.ts';
import { redisServer } from '../../adapters/local-stack/redis-server.ts';
import { startServer } from '../../adapters/local-stack/server-process.ts';
import { temporalServer } from '../../adapters/local-stack/temporal-server.ts';
import { SEARCH_ATTRIBUTE_FLAGS } from '../../temporal/search-attributes.ts';
import { TOOLS, allStarted, serverGroup } from './server-group.ts';

/** Real servers for tests: PostgreSQL 15, Redis 7 and Temporal's development server, all on 127.0.0.1. */
export interface TestServers {
  /** As superuser, database `postgres`. Make a database of your own: see database.ts. */
  readonly postgresUrl: string;
  readonly redisUrl: string;
  readonly temporalAddress: string;
  readonly temporalUiUrl: string;
}

export const testServerGroup = serverGroup<TestServers>({
  name: 'test-servers',
  variable: 'ML_PIPELINE_TEST_SERVERS',
  // SIGINT is PostgreSQL's fast shutdown: SIGTERM would wait for clients to leave.
  signals: { postgres: 'SIGINT', redis: 'SIGTERM', temporal: 'SIGTERM' },
  ports: ({ postgresUrl, redisUrl, temporalAddress }) => [new URL(postgresUrl).port, new URL(redisUrl).port, temporalAddress.split(':')[1]].map(Number),
  start,
});

/**
 * The servers that tests use: those that ML_PIPELINE_TEST_SERVERS describes (JSON), else the shared ones of `scripts/test-servers.ts start`
 * where they run, else new ones that end with this test run. Every caller of one run gets the same.
 */
export function testServers(): Promise<TestServers> {
  return testServerGroup.find();
}

async function start(folder: string): Promise<TestServers> {
  const binaries = join(TOOLS, 'bin');
  if (!existsSync(join(binaries, 'temporal'))) throw new Error(`The servers that the tests need are not in ${binaries}: run scripts/install_tools.sh`);
  const [postgresPort, redisPort, temporalPort, uiPort] = (await findFreePorts(4)) as [number, number, number, number];
  const password = randomBytes(12).toString('hex');
  const common = (name: string) => ({ binaries, durable: false, dataFolder: join(folder, name), logFile: join(folder, `${name}.log`), recordFile: join(folder, `${name}.json`) });
  await allStarted([
    startServer(redisServer({ ...common('redis'), port: redisPort, password })),
    startServer(temporalServer({ ...common('temporal'), port: temporalPort, uiPort, searchAttributes: SEARCH_ATTRIBUTE_FLAGS })),
    startServer(postgresServer({ ...common('postgres'), port: postgresPort, superuserPassword: password })),
  ]);
  return {
    postgresUrl: `postgresql://postgres:${password}@127.0.0.1:${postgresPort}/postgres`,
    redisUrl: `redis://:${password}@127.0.0.1:${redisPort}/0`,
    temporalAddress: `127.0.0.1:${temporalPort}`,
    temporalUiUrl: `http://127.0.0.1:${uiPort}`,
  };
}
