import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFreePorts } from '../../adapters/local-stack/port-holder.ts';
import { removeCluster } from '../../adapters/local-stack/postgres-cluster.ts';
import { postgresServer } from '../../adapters/local-stack/postgres-server.ts';
import { stopRecorded } from '../../adapters/local-stack/process-record.ts';
import { redisServer } from '../../adapters/local-stack/redis-server.ts';
import { startServer } from '../../adapters/local-stack/server-process.ts';
import { temporalServer } from '../../adapters/local-stack/temporal-server.ts';
import { SEARCH_ATTRIBUTE_FLAGS } from '../../temporal/search-attributes.ts';

/** Servers of this run alone, on 127.0.0.1 and ports that were free. */
export interface BenchServers {
  /** Superuser, database `postgres`. */
  readonly postgresUrl: string;
  readonly redisUrl: string;
  readonly temporalAddress: string;
  /** Ends the servers and removes their data; safe to call twice. */
  stop(): Promise<void>;
}

/** PostgreSQL with 1 GB of shared buffers and Redis without persistence, as the figures that the goals come from were measured, and Temporal's development server. */
export async function startBenchServers(binaries: string): Promise<BenchServers> {
  const folder = await mkdtemp(join(tmpdir(), 'ml-pipeline-bench-servers-'));
  await chmod(folder, 0o755); // PostgreSQL may run as another account
  const [postgresPort, redisPort, temporalPort, uiPort] = (await findFreePorts(4)) as [number, number, number, number];
  const password = randomBytes(12).toString('hex');
  const common = (name: string) => ({ binaries, durable: false, dataFolder: join(folder, name), logFile: join(folder, `${name}.log`), recordFile: join(folder, `${name}.json`) });
  const stop = async (): Promise<void> => {
    await Promise.all(['postgres', 'redis', 'temporal'].map((name) => stopRecorded(join(folder, `${name}.json`), name === 'postgres' ? 'SIGINT' : 'SIGTERM')));
    removeCluster(join(folder, 'postgres'));
    await rm(folder, { recursive: true, force: true });
  };
  const postgres = postgresServer({ ...common('postgres'), port: postgresPort, superuserPassword: password });
  const outcomes = await Promise.allSettled([
    startServer({ ...postgres, args: [...postgres.args, '-c', 'shared_buffers=1GB'] }),
    startServer(redisServer({ ...common('redis'), port: redisPort, password })),
    startServer(temporalServer({ ...common('temporal'), port: temporalPort, uiPort, searchAttributes: SEARCH_ATTRIBUTE_FLAGS })),
  ]);
  const failure = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failure !== undefined) {
    await stop();
    throw failure.reason;
  }
  return { postgresUrl: `postgresql://postgres:${password}@127.0.0.1:${postgresPort}/postgres`, redisUrl: `redis://:${password}@127.0.0.1:${redisPort}/0`, temporalAddress: `127.0.0.1:${temporalPort}`, stop };
}
