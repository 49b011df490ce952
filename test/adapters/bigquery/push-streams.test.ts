import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import type { ErrorCode } from '../../../domain/errors.ts';
import type { PushLedger } from '../../../ports/push-ledger.ts';
import type { PushLog } from '../../../ports/push-log.ts';
import { NOW, rowOf, view, type Said } from '../../contracts/push-log.ts';
import { deliverAll, nullable, RAW, RAW_TABLE, refused, TABLE, usePushStubs, V } from './push-stub-fixture.ts';
import type { WriteStub } from './write-stub.ts';

describe('Appending pushes to streams', function () {
  this.timeout(20_000);
  const stubs = usePushStubs();
  let stub: WriteStub;
  beforeEach(() => void ({ stub } = stubs()));

  const record = (log: PushLog, said: readonly Said[], at = 0) => log.record([{ receivedMicros: NOW + at, views: [{ view, rows: said.map((one) => rowOf(one)) }], online: true }]);
  const [A, B, C] = [{ key: 1, x: 1 }, { key: 2, x: 2 }, { key: 3, x: 3 }];
  it('goes on at the next offset of one stream for each table', async () => {
    const log = stubs().open();
    await record(log, [A, B]);
    await record(log, [C]);
    assert.deepEqual([stub.streams(V).length, stub.streams(RAW).length], [1, 1]);
    assert.deepEqual([stub.rows(V).length, stub.rows(RAW).length], [3, 3]);
  });

  it('sends rows to the same offset again when a request breaks off, so that they are there once whether it had come through or not', async () => {
    const log = stubs().open();
    stub.faults.set(V, [{ breakAfter: status.UNAVAILABLE }]).set(RAW, [{ breakBefore: status.UNAVAILABLE }, { answer: { error: { code: status.ABORTED, message: 'aborted' } } }, { breakAfter: status.INTERNAL }]);
    await record(log, [A, B]);
    await record(log, [C]);
    assert.deepEqual([stub.rows(V).length, stub.rows(RAW).length], [3, 3]);
    assert.equal(stub.streams(V).length, 1);
  });

  it('takes another stream where the one it has takes nothing more', async () => {
    const log = stubs().open();
    await record(log, [A]);
    stub.removeStreams(V);
    await record(log, [B]);
    assert.deepEqual([stub.rows(V).length, stub.streams(V).length], [2, 2]);
    stub.faults.set(V, [{ answer: { error: { code: status.INVALID_ARGUMENT, message: 'Stream is finalized' } } }]);
    await record(log, [C]);
    assert.deepEqual([stub.rows(V).length, stub.streams(V).length], [3, 3]);
  });

  it('names view, row and column of what BigQuery alone refuses, without the value, keeps nothing of it, and takes what is right after it', async () => {
    const log = stubs().open();
    stub.faults.set(V, [{ answer: { error: { code: status.INVALID_ARGUMENT, message: 'Errors found while processing rows.' }, rowErrors: [{ index: 1, code: 'FIELDS_ERROR', message: 'Field x: value "secret" is out of range' }] } }]);
    const error = await refused(record(log, [A, B]));
    assert.equal(error.code, 'INVALID_DATA');
    assert.match(error.message, /feature_mart\.v .*view v, row 1 \(the first is 0\), column x/s);
    assert.doesNotMatch(error.message, /secret/);
    assert.deepEqual([stub.rows(V).length, stub.rows(RAW).length, await log.pendingRows()], [0, 0, 0]);
    await record(log, [A, B]);
    assert.deepEqual([stub.rows(V).length, stub.rows(RAW).length], [2, 2]);
  });

  it('says what to do without a permission, a table, or credentials, and keeps nothing', async () => {
    const cases: readonly (readonly [number, ErrorCode, RegExp])[] = [[status.PERMISSION_DENIED, 'INVALID_CONFIG', /roles\/bigquery\.dataEditor/], [status.UNAUTHENTICATED, 'INVALID_CONFIG', /gcloud auth application-default login/], [status.RESOURCE_EXHAUSTED, 'UNAVAILABLE', /quota/]];
    for (const [code, expected, words] of cases) {
      stub.refusals.push(code);
      const error = await refused(record(stubs().open(), [A]));
      assert.deepEqual([error.code, words.test(error.message)], [expected, true], error.message);
    }
    stub.tables.delete(RAW);
    const missing = await refused(record(stubs().open(), [A]));
    assert.deepEqual([missing.code, /raw_events\.pushes/.test(missing.message)], ['NOT_FOUND', true], 'found out before a view\'s table has anything');
    stub.tables.delete(V);
    assert.match((await refused(record(stubs().open(), [A]))).message, /feature_mart\.v does not exist .*feature view v/);
    assert.equal(stub.rows(V).length, 0);
    stub.tables.set(V, TABLE).set(RAW, RAW_TABLE);
    await record(stubs().open(), [A]);
    assert.equal(stub.rows(V).length, 1);
  });

  it('looks at a table again that has changed: when BigQuery says so, and when rows do not fit what was known of it', async () => {
    const log = stubs().open();
    stub.faults.set(V, [{ newSchema: true }]);
    await record(log, [A]);
    const wider = { ...view, features: [...view.features, { name: 'y', type: 'String' as const }] };
    const push = () => log.record([{ receivedMicros: NOW, views: [{ view: wider, rows: [{ ...rowOf(B), values: [2n, 'new'] }] }], online: false }]);
    assert.match((await refused(push())).message, /feature y: table feature_mart\.v has no column "y"/);
    stub.tables.set(V, [...TABLE, nullable('y', 'STRING')]);
    stub.faults.set(V, [{ newSchema: true }]);
    await record(log, [C]);
    await push();
    assert.ok(stub.rows(V).at(-1)!.includes('new'));
  });

  it('finishes a push whose process was killed after any step: each row is there once, and the same push again is a repeat', async () => {
    for (const broken of [['plan', 'abandon'], ['confirm']] as const) {
      const said = [{ key: broken.length * 10, x: 1 }];
      const before = stub.rows(V).length;
      await assert.rejects(record(stubs().open({ leaseMs: 50, broken }), said, 5), /killed/);
      const next = stubs().open({ leaseMs: 50 });
      await new Promise((resolve) => setTimeout(resolve, 60));
      await deliverAll(next);
      const [recorded] = await record(next, said, 9);
      assert.equal(recorded!.views[0]!.rows[0]!.createdTimestampMicros, NOW + (broken[0] === 'confirm' ? 5 : 9));
      assert.deepEqual([stub.rows(V).length, stub.rows(RAW).length], [before + 1, before + 1]);
    }
  });

  it('finishes by itself a push that it could not confirm, and keeps every push after it', async () => {
    const real = stubs().ledger(400);
    let failures = 1;
    const ledger: PushLedger = { ...real, confirm: (token, said) => (failures-- > 0 ? Promise.reject(new Error('away for a moment')) : real.confirm(token, said)) };
    const log = stubs().open({ ledger, appendMs: 300 });
    await assert.rejects(record(log, [A]), /away for a moment/);
    await record(log, [B]);
    await record(log, [C]);
    await sleep(500);
    await deliverAll(log);
    for (const key of [4, 5, 6]) await record(log, [{ key, x: key }]);
    assert.deepEqual([stub.rows(V).length, stub.rows(RAW).length], [6, 6]);
  });

  it('finishes a push although another one, as old, cannot be finished', async () => {
    const dead = () => stubs().open({ leaseMs: 200, appendMs: 100, broken: ['confirm'] });
    for (const one of [A, B]) await assert.rejects(record(dead(), [one]));
    await sleep(300);
    const real = stubs().ledger(60_000);
    let failures = 1;
    const ledger: PushLedger = { ...real, confirm: (token, said) => (failures-- > 0 ? Promise.reject(new Error('this one not')) : real.confirm(token, said)) };
    const log = stubs().open({ ledger, appendMs: 100 });
    await assert.rejects(log.deliver(0, () => Promise.resolve()), /this one not/);
    assert.equal(await stubs().owed(), 1, 'of two owed pushes one is left');
  });

  it('finishes what a killed process had sent to one table and not to the other', async () => {
    stub.faults.set(RAW, [{ breakBefore: status.UNAVAILABLE }]);
    const error = await refused(record(stubs().open({ leaseMs: 400, appendMs: 50 }), [A, B]));
    assert.deepEqual([error.code, /is noted/.test(error.message)], ['UNAVAILABLE', true], error.message);
    assert.deepEqual([stub.rows(V).length, stub.rows(RAW).length], [2, 0]);
    const next = stubs().open();
    assert.equal((await refused(record(next, [A]))).code, 'UNAVAILABLE', 'nobody hears that it is done before it is');
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal((await record(next, [A]))[0]!.views.length, 1, 'the caller who tries again need not wait for the next look');
    assert.deepEqual([stub.rows(V).length, stub.rows(RAW).length], [2, 2]);
  });
});
