import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { openBigQuery, type BigQueryConnection } from '../../../adapters/bigquery/connection.ts';
import { createBigQueryPushLog } from '../../../adapters/bigquery/push-log.ts';
import { createRedisPushLedger } from '../../../adapters/redis/push-ledger.ts';
import { PipelineError } from '../../../domain/errors.ts';
import type { PushLedger } from '../../../ports/push-ledger.ts';
import type { PushLog } from '../../../ports/push-log.ts';
import { testServers } from '../../support/servers.ts';
import { startWriteStub, type WriteStub } from './write-stub.ts';

export const nullable = (name: string, type: 'INT64' | 'STRING' | 'TIMESTAMP') => ({ name, type, mode: 'NULLABLE' as const });
export const TABLE = [nullable('k', 'INT64'), nullable('x', 'INT64'), nullable('event_timestamp', 'TIMESTAMP'), nullable('created_timestamp', 'TIMESTAMP')];
export const RAW_TABLE = [nullable('received_timestamp', 'TIMESTAMP'), nullable('table_name', 'STRING'), nullable('event_timestamp', 'TIMESTAMP'), nullable('created_timestamp', 'TIMESTAMP'), nullable('document', 'STRING')];
export const [V, W, RAW] = ['feature_mart/tables/v', 'feature_mart/tables/w', 'raw_events/tables/pushes'];

interface LogOptions {
  readonly leaseMs?: number;
  readonly appendMs?: number;
  readonly doubtMs?: number;
  /** Calls of its ledger that never get through, as when the process is killed before them. */
  readonly broken?: readonly (keyof PushLedger)[];
  /** In place of the project's own, with that lease. */
  readonly ledger?: PushLedger;
}

export interface PushStubs {
  readonly stub: WriteStub;
  ledger(leaseMs: number): PushLedger;
  /** A process' log; closed after the test. */
  open(options?: LogOptions): PushLog;
  /** Pushes that a process has begun and not ended. */
  owed(): Promise<number>;
}

/** For each test a stub of the Storage Write API with empty tables, and a project of its own in Redis. */
export function usePushStubs(): () => PushStubs {
  let redis: Redis;
  let redisUrl: string;
  let current: PushStubs & { close(): Promise<void> };
  before(async () => {
    ({ redisUrl } = await testServers());
    redis = new Redis(redisUrl);
  });
  after(() => redis.disconnect());
  beforeEach(async () => void (current = await openStubs(redis, redisUrl)));
  afterEach(() => current.close());
  return () => current;
}

async function openStubs(redis: Redis, redisUrl: string): Promise<PushStubs & { close(): Promise<void> }> {
  const stub = await startWriteStub();
  stub.tables.set(V, TABLE).set(W, TABLE).set(RAW, RAW_TABLE);
  const project = `push_${randomBytes(5).toString('hex')}`;
  const logs: PushLog[] = [];
  const connection: BigQueryConnection = openBigQuery({ project: 'p', location: 'us-central1', datasets: { raw: 'raw_events', feature_mart: 'feature_mart', spine: 'spine_data', registry: 'feast_registry' }, maximum_bytes_billed: 1, grpc_endpoint: stub.endpoint });
  const ledger = (leaseMs: number): PushLedger => createRedisPushLedger({ url: redisUrl, project, leaseMs });
  return {
    stub,
    ledger,
    open: ({ leaseMs = 30_000, appendMs = 3_000, doubtMs = 3_600_000, broken = [], ledger: given = ledger(leaseMs) } = {}) => {
      const dead = Object.fromEntries(broken.map((name) => [name, () => Promise.reject(new Error('killed'))]));
      const log = createBigQueryPushLog({ connection, ledger: { ...given, ...dead }, appendMs, doubtMs, waitMs: 300 });
      logs.push(log);
      return log;
    },
    owed: () => redis.zcard(`{ml-pipeline:push:${project}}:leases`),
    close: async () => {
      await Promise.all(logs.map((log) => log.close()));
      await connection.close();
      await stub.close();
      const keys = await redis.keys(`{ml-pipeline:push:${project}}:*`);
      if (keys.length > 0) await redis.del(keys);
    },
  };
}

export async function refused(work: Promise<unknown>): Promise<PipelineError> {
  const error = await work.then(() => assert.fail('it went well'), (thrown: unknown) => thrown);
  assert.ok(error instanceof PipelineError, String(error));
  return error;
}

export async function deliverAll(log: PushLog): Promise<void> {
  while ((await log.deliver(0, () => Promise.resolve())) > 0);
}
