import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { Redis } from 'ioredis';
import { openBigQuery, type BigQueryConnection } from '../../../adapters/bigquery/connection.ts';
import { createBigQueryPushLog } from '../../../adapters/bigquery/push-log.ts';
import { createRedisPushLedger } from '../../../adapters/redis/push-ledger.ts';
import { PipelineError } from '../../../domain/errors.ts';
import type { PushLog } from '../../../ports/push-log.ts';
import { NOW, rowOf, view, type Said } from '../../contracts/push-log.ts';
import { testServers } from '../../support/servers.ts';
import { startWriteStub, type Fault, type WriteStub } from './write-stub.ts';

const [V, W, RAW] = ['feature_mart/tables/v', 'feature_mart/tables/w', 'raw_events/tables/pushes'];
const nullable = (name: string, type: 'INT64' | 'STRING' | 'TIMESTAMP') => ({ name, type, mode: 'NULLABLE' as const });
const TABLE = [nullable('k', 'INT64'), nullable('x', 'INT64'), nullable('event_timestamp', 'TIMESTAMP'), nullable('created_timestamp', 'TIMESTAMP')];
const RAW_TABLE = [nullable('received_timestamp', 'TIMESTAMP'), nullable('table_name', 'STRING'), nullable('event_timestamp', 'TIMESTAMP'), nullable('created_timestamp', 'TIMESTAMP'), nullable('document', 'STRING')];
const other = { ...view, name: 'w', source: { ...view.source, table: 'feature_mart.w' } };

/** A table that does not take the rows (AppendRowsResponse, `row_errors`), and one that the account may not write to. */
const ROW_REFUSED: Fault = { answer: { error: { code: status.INVALID_ARGUMENT, message: 'Errors found while processing rows.' }, rowErrors: [{ index: 0, code: 'FIELDS_ERROR', message: 'Field x: value "secret" is out of range' }] } };
const FORBIDDEN: Fault = { breakBefore: status.PERMISSION_DENIED };

describe('Pushes of which one table refuses its rows for good', function () {
  this.timeout(20_000);
  let stub: WriteStub;
  let connection: BigQueryConnection;
  let redis: Redis;
  let redisUrl: string;
  let project: string;
  let logs: PushLog[];
  before(async () => {
    ({ redisUrl } = await testServers());
    redis = new Redis(redisUrl);
  });
  after(() => redis.disconnect());
  beforeEach(async () => {
    stub = await startWriteStub();
    stub.tables.set(V, TABLE).set(W, TABLE).set(RAW, RAW_TABLE);
    project = `push_${randomBytes(5).toString('hex')}`;
    logs = [];
    connection = openBigQuery({ project: 'p', location: 'us-central1', datasets: { raw: 'raw_events', feature_mart: 'feature_mart', spine: 'spine_data', registry: 'feast_registry' }, maximum_bytes_billed: 1, grpc_endpoint: stub.endpoint });
  });
  afterEach(async () => {
    await Promise.all(logs.map((log) => log.close()));
    await connection.close();
    await stub.close();
    const keys = await redis.keys(`{ml-pipeline:push:${project}}:*`);
    if (keys.length > 0) await redis.del(keys);
  });

  const open = ({ leaseMs = 30_000, appendMs = 3_000, doubtMs = 60_000, confirms = true } = {}): PushLog => {
    const ledger = createRedisPushLedger({ url: redisUrl, project, leaseMs });
    const log = createBigQueryPushLog({ connection, ledger: confirms ? ledger : { ...ledger, confirm: () => Promise.reject(new Error('killed')) }, appendMs, waitMs: 300, doubtMs });
    logs.push(log);
    return log;
  };
  const record = (log: PushLog, said: readonly Said[], at = 0) => log.record([{ receivedMicros: NOW + at, views: [view, other].map((one) => ({ view: one, rows: said.map((row) => rowOf(row)) })), online: true }]);
  const refused = async (work: Promise<unknown>): Promise<PipelineError> => {
    const error = await work.then(() => assert.fail('it went well'), (thrown: unknown) => thrown);
    assert.ok(error instanceof PipelineError, String(error));
    return error;
  };
  const rows = (): number[] => [V, W, RAW].map((table) => stub.rows(table).length);
  const owed = (): Promise<number> => redis.zcard(`{ml-pipeline:push:${project}}:leases`);
  const deliverAll = async (log: PushLog): Promise<void> => {
    while ((await log.deliver(0, () => Promise.resolve())) > 0);
  };
  const [A, B] = [{ key: 1, x: 1 }, { key: 2, x: 2 }];

  for (const [what, fault, code] of [['a row', ROW_REFUSED, 'INVALID_DATA'], ['the account', FORBIDDEN, 'INVALID_CONFIG']] as const) {
    it(`ends when the second table refuses ${what}: the first one's rows count, the error names both, and sent again only what is missing is added`, async () => {
      const log = open();
      stub.faults.set(W, [fault]);
      const error = await refused(record(log, [A, B]));
      assert.deepEqual([error.code, await owed(), await log.pendingRows()], [code, 0, 2], error.message);
      assert.match(error.message, /its rows are in feature_mart\.v, raw_events\.pushes, and count as pushed; they are not in feature_mart\.w\./);
      assert.doesNotMatch(error.message, /secret|nothing was written/i);
      assert.deepEqual(rows(), [2, 0, 2]);
      await record(log, [A, B], 9);
      assert.deepEqual(rows(), [2, 2, 4], 'the first table has them already');
    });
  }

  it('ends when the raw events cannot be written, and says that they lack the rows', async () => {
    const log = open();
    stub.faults.set(RAW, [FORBIDDEN]);
    const error = await refused(record(log, [A]));
    assert.match(error.message, /its rows are in feature_mart\.v, feature_mart\.w, .*not in raw_events\.pushes\. .*lacks them for good/);
    await record(log, [A]);
    assert.deepEqual([...rows(), await owed()], [1, 1, 0, 0]);
  });

  it('finishes what another process left, without the table that refuses it, and is done with it', async () => {
    await assert.rejects(record(open({ leaseMs: 50, confirms: false }), [A]), /killed/);
    stub.removeStreams(W);
    stub.tables.delete(W);
    await sleep(60);
    const next = open({ doubtMs: 0 });
    assert.match((await refused(deliverAll(next))).message, /rows are in feature_mart\.v, raw_events\.pushes, .* not in feature_mart\.w/);
    assert.deepEqual([stub.rows(V).length, await owed()], [1, 0]);
    assert.equal((await next.record([{ receivedMicros: NOW + 9, views: [{ view, rows: [rowOf(A)] }], online: true }]))[0]!.views[0]!.rows[0]!.createdTimestampMicros, NOW, 'it counts as said since the first push');
    await deliverAll(next);
  });

  it('waits with rows that may have come before their table refused them, and ends when it still does', async () => {
    stub.faults.set(W, [{ breakAfter: status.UNAVAILABLE }, FORBIDDEN, FORBIDDEN, FORBIDDEN]);
    assert.match((await refused(record(open({ leaseMs: 50 }), [A]))).message, /is noted and sent to table feature_mart\.w/);
    await sleep(60);
    assert.equal((await refused(deliverAll(open({ leaseMs: 50 })))).code, 'UNAVAILABLE');
    assert.equal(await owed(), 1);
    await sleep(60);
    assert.equal((await refused(deliverAll(open({ doubtMs: 0 })))).code, 'INVALID_CONFIG');
    assert.deepEqual([...rows(), await owed()], [1, 1, 1, 0]);
  });

  it('lets a push go on that waited for the events of one that ended, and tells the refusal with the next look', async () => {
    await assert.rejects(record(open({ leaseMs: 50, confirms: false }), [A]), /killed/);
    stub.faults.set(W, [ROW_REFUSED]);
    await sleep(60);
    const log = open();
    assert.equal((await record(log, [A, B]))[0]!.views.length, 2);
    assert.match((await refused(deliverAll(log))).message, /not in feature_mart\.w/);
    await deliverAll(log);
  });
});
