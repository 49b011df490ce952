import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { openBigQuery, type BigQueryConnection } from '../../../adapters/bigquery/connection.ts';
import { createBigQueryPushLog, type BigQueryPushLogOptions } from '../../../adapters/bigquery/push-log.ts';
import { createRedisPushLedger } from '../../../adapters/redis/push-ledger.ts';
import type { PushLedger } from '../../../ports/push-ledger.ts';
import type { PushLog } from '../../../ports/push-log.ts';
import { cloudServers } from '../../support/cloud-servers.ts';
import { testServers } from '../../support/servers.ts';

/** A ledger of its own in the test server's Redis, and data sets of its own in the server that stands in for BigQuery. */
export interface BigQueryPushHarness {
  readonly project: string;
  readonly connection: BigQueryConnection;
  readonly redis: Redis;
  ledger(options?: { readonly leaseMs?: number }): PushLedger;
  /** Another process' log. The harness closes it. */
  open(options?: Partial<BigQueryPushLogOptions>): PushLog;
  /** Makes `feature_mart.<name>` with the columns, as SQL declares them. */
  createTable(name: string, columns: string): Promise<void>;
  query<T>(sql: string): Promise<T[]>;
  /** The name of a table's data set, in backquotes. */
  readonly mart: string;
  readonly raw: string;
  ledgerKey(name: string): string;
  clearLedger(): Promise<void>;
  close(): Promise<void>;
}

export async function openBigQueryPushHarness(): Promise<BigQueryPushHarness> {
  const [{ bigqueryUrl, bigqueryGrpc, project: cloudProject }, { redisUrl }] = await Promise.all([cloudServers(), testServers()]);
  const project = `push_${randomBytes(5).toString('hex')}`;
  const datasets = { raw: `${project}_raw`, feature_mart: `${project}_mart`, spine: `${project}_spine`, registry: `${project}_registry` };
  const connection = openBigQuery({ project: cloudProject, location: 'us-central1', datasets, maximum_bytes_billed: 1e9, api_endpoint: bigqueryUrl, grpc_endpoint: bigqueryGrpc.includes('://') ? bigqueryGrpc : `http://${bigqueryGrpc}` });
  await Promise.all([datasets.raw, datasets.feature_mart, datasets.spine].map((name) => connection.client.createDataset(name, { location: 'us-central1' })));
  const redis = new Redis(redisUrl);
  const logs: PushLog[] = [];
  const ledger = ({ leaseMs = 30_000 } = {}): PushLedger => createRedisPushLedger({ url: redisUrl, project, leaseMs });
  const clearLedger = async (): Promise<void> => {
    const keys = await redis.keys(`{ml-pipeline:push:${project}}:*`);
    if (keys.length > 0) await redis.del(keys);
  };
  return {
    project, connection, redis, ledger, clearLedger,
    mart: `\`${datasets.feature_mart}\``,
    raw: `\`${datasets.raw}\``,
    open: (options = {}) => {
      const log = createBigQueryPushLog({ connection, ledger: ledger(), ...options });
      logs.push(log);
      return log;
    },
    createTable: async (name, columns) => void (await connection.client.query(`CREATE TABLE \`${datasets.feature_mart}\`.${name} (${columns})`)),
    query: async <T>(sql: string) => (await connection.client.query(sql))[0] as T[],
    ledgerKey: (name) => `{ml-pipeline:push:${project}}:${name}`,
    close: async () => {
      await Promise.all(logs.map((log) => log.close()));
      await clearLedger();
      redis.disconnect();
      await Promise.all([datasets.raw, datasets.feature_mart, datasets.spine].map((name) => connection.client.dataset(name).delete({ force: true })));
      await connection.close();
    },
  };
}
