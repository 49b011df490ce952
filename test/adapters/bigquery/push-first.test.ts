import assert from 'node:assert/strict';
import { prepareWithFirstPush } from '../../../adapters/bigquery/push-first.ts';
import type { PushLog } from '../../../ports/push-log.ts';

/** Notes what is asked of it; its first `failures` preparations fail. */
function noting(failures = 0): { readonly log: PushLog; readonly asked: string[] } {
  const asked: string[] = [];
  let left = failures;
  const log: PushLog = {
    prepare: () => { asked.push('prepare'); return left-- > 0 ? Promise.reject(new Error('no table')) : Promise.resolve(); },
    record: (pushes) => { asked.push(`record ${pushes.length}`); return Promise.resolve([]); },
    settle: () => Promise.resolve(),
    deliver: () => { asked.push('deliver'); return Promise.resolve(0); },
    pendingRows: () => Promise.resolve(0),
    forget: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
  return { log, asked };
}

describe('A log of pushes whose tables are made with the first push', () => {
  it('is not asked when the process starts or looks for what waits, once before the first pushes, and not again', async () => {
    const { log, asked } = noting();
    const lazy = prepareWithFirstPush(log);
    await lazy.prepare();
    await lazy.deliver(5, () => Promise.resolve());
    assert.deepEqual(asked, ['deliver']);
    await Promise.all([lazy.record([]), lazy.record([])]);
    await lazy.record([]);
    assert.deepEqual(asked, ['deliver', 'prepare', 'record 0', 'record 0', 'record 0']);
  });

  it('fails the push whose preparation fails, and prepares again with the next', async () => {
    const { log, asked } = noting(1);
    const lazy = prepareWithFirstPush(log);
    await assert.rejects(lazy.record([]), /no table/);
    await lazy.record([]);
    assert.deepEqual(asked, ['prepare', 'prepare', 'record 0']);
  });
});
