import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import type { PushLog } from '../../../ports/push-log.ts';
import { NOW, rowOf, view, type Said } from '../../contracts/push-log.ts';
import { deliverAll, RAW, refused, usePushStubs, V, W } from './push-stub-fixture.ts';
import type { Fault, WriteStub } from './write-stub.ts';

const other = { ...view, name: 'w', source: { ...view.source, table: 'feature_mart.w' } };

/** A table that does not take the rows (AppendRowsResponse, `row_errors`), and one that the account may not write to. */
const ROW_REFUSED: Fault = { answer: { error: { code: status.INVALID_ARGUMENT, message: 'Errors found while processing rows.' }, rowErrors: [{ index: 0, code: 'FIELDS_ERROR', message: 'Field x: value "secret" is out of range' }] } };
const FORBIDDEN: Fault = { breakBefore: status.PERMISSION_DENIED };

describe('Pushes of which one table refuses its rows for good', function () {
  this.timeout(20_000);
  const stubs = usePushStubs();
  let stub: WriteStub;
  beforeEach(() => void ({ stub } = stubs()));

  const record = (log: PushLog, said: readonly Said[], at = 0) => log.record([{ receivedMicros: NOW + at, views: [view, other].map((one) => ({ view: one, rows: said.map((row) => rowOf(row)) })), online: true }]);
  const rows = (): number[] => [V, W, RAW].map((table) => stub.rows(table).length);
  const [A, B] = [{ key: 1, x: 1 }, { key: 2, x: 2 }];

  for (const [what, fault, code] of [['a row', ROW_REFUSED, 'INVALID_DATA'], ['the account', FORBIDDEN, 'INVALID_CONFIG']] as const) {
    it(`ends when the second table refuses ${what}: the first one's rows count, the error names both, and sent again only what is missing is added`, async () => {
      const log = stubs().open();
      stub.faults.set(W, [fault]);
      const error = await refused(record(log, [A, B]));
      assert.deepEqual([error.code, await stubs().owed(), await log.pendingRows()], [code, 0, 2], error.message);
      assert.match(error.message, /its rows are in feature_mart\.v, raw_events\.pushes, and count as pushed; they are not in feature_mart\.w\./);
      assert.doesNotMatch(error.message, /secret|nothing was written/i);
      assert.deepEqual(rows(), [2, 0, 2]);
      await record(log, [A, B], 9);
      assert.deepEqual(rows(), [2, 2, 4], 'the first table has them already');
    });
  }

  it('ends when the raw events cannot be written, and says that they lack the rows', async () => {
    const log = stubs().open();
    stub.faults.set(RAW, [FORBIDDEN]);
    const error = await refused(record(log, [A]));
    assert.match(error.message, /its rows are in feature_mart\.v, feature_mart\.w, .*not in raw_events\.pushes\. .*lacks them for good/);
    await record(log, [A]);
    assert.deepEqual([...rows(), await stubs().owed()], [1, 1, 0, 0]);
  });

  it('finishes what another process left, without the table that refuses it, and is done with it', async () => {
    await assert.rejects(record(stubs().open({ leaseMs: 50, broken: ['confirm'] }), [A]), /killed/);
    stub.removeStreams(W);
    stub.tables.delete(W);
    await sleep(60);
    const next = stubs().open({ doubtMs: 0 });
    assert.match((await refused(deliverAll(next))).message, /rows are in feature_mart\.v, raw_events\.pushes, .* not in feature_mart\.w/);
    assert.deepEqual([stub.rows(V).length, await stubs().owed()], [1, 0]);
    assert.equal((await next.record([{ receivedMicros: NOW + 9, views: [{ view, rows: [rowOf(A)] }], online: true }]))[0]!.views[0]!.rows[0]!.createdTimestampMicros, NOW, 'it counts as said since the first push');
    await deliverAll(next);
  });

  it('waits with rows that may have come before their table refused them, and ends when it still does', async () => {
    stub.faults.set(W, [{ breakAfter: status.UNAVAILABLE }, FORBIDDEN, FORBIDDEN, FORBIDDEN]);
    assert.match((await refused(record(stubs().open({ leaseMs: 50 }), [A]))).message, /is noted and sent to table feature_mart\.w/);
    await sleep(60);
    assert.equal((await refused(deliverAll(stubs().open({ leaseMs: 50 })))).code, 'UNAVAILABLE');
    assert.equal(await stubs().owed(), 1);
    await sleep(60);
    assert.equal((await refused(deliverAll(stubs().open({ doubtMs: 0 })))).code, 'INVALID_CONFIG');
    assert.deepEqual([...rows(), await stubs().owed()], [1, 1, 1, 0]);
  });

  it('lets a push go on that waited for the events of one that ended, and tells the refusal with the next look', async () => {
    await assert.rejects(record(stubs().open({ leaseMs: 50, broken: ['confirm'] }), [A]), /killed/);
    stub.faults.set(W, [ROW_REFUSED]);
    await sleep(60);
    const log = stubs().open();
    assert.equal((await record(log, [A, B]))[0]!.views.length, 2);
    assert.match((await refused(deliverAll(log))).message, /not in feature_mart\.w/);
    await deliverAll(log);
  });
});
