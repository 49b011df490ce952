import assert from 'node:assert/strict';
import { startPushDelivery } from '../../../adapters/system/push-delivery.ts';
import { PipelineError } from '../../../domain/errors.ts';
import type { PushLog } from '../../../ports/push-log.ts';
import { memoryLog } from '../../api/harness.ts';
import { until } from '../../support/worker-process.ts';

describe('The delivery of pushed rows', () => {
  it('makes its tables as soon as the server is there, when it was not at the start, and makes them once', async () => {
    const calls: string[] = [];
    let isAway = true;
    const pushLog = {
      prepare: () => (calls.push('prepare'), isAway ? Promise.reject(new PipelineError('UNAVAILABLE', 'PostgreSQL is away.')) : Promise.resolve()),
      deliver: () => (calls.push('deliver'), Promise.resolve(0)),
      pendingRows: () => Promise.resolve(3),
      forget: () => Promise.resolve(),
    } as unknown as PushLog;
    const { log, logged } = memoryLog();
    const delivery = startPushDelivery({ pushLog, onlineStore: { write: () => Promise.reject(new Error('not part of this test')) }, clock: { now: () => 0 }, log, everyMs: 5 });
    try {
      await until(() => Promise.resolve(calls.length >= 3));
      assert.deepEqual([...new Set(calls)], ['prepare'], 'nothing else is tried before');
      isAway = false;
      await until(() => Promise.resolve(delivery.pendingRows === 3 && calls.filter((call) => call === 'deliver').length >= 3));
      assert.equal(calls.slice(calls.indexOf('deliver')).includes('prepare'), false);
      assert.equal(logged.filter((line) => line.includes('cannot be delivered')).length, 1);
    } finally {
      await delivery.stop();
    }
  });
});
