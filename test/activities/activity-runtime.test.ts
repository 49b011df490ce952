import assert from 'node:assert/strict';
import { MockActivityEnvironment } from '@temporalio/testing';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { DefaultLogger } from '@temporalio/worker';
import { withHeartbeats, type ActivityScope } from '../../activities/activity-runtime.ts';
import { interruptible } from '../../activities/interruptible.ts';
import { PipelineError } from '../../domain/errors.ts';
import type { DatasetStore } from '../../ports/dataset-store.ts';

/** Failures are what is tested here: they are not logged. */
const SILENT = { logger: new DefaultLogger('ERROR', () => undefined) };

const failureOf = async (work: (scope: ActivityScope) => Promise<unknown>, environment = new MockActivityEnvironment({}, SILENT)): Promise<Error> => {
  const error: unknown = await environment.run(() => withHeartbeats(work)).then(() => assert.fail('it did not fail'), (failure: unknown) => failure);
  return error as Error;
};

describe('what every activity runs in', () => {
  it('hands over the cursor of an earlier attempt, and reports a new one', async () => {
    const environment = new MockActivityEnvironment({ heartbeatDetails: { rows: 3 } }, SILENT);
    const beats: unknown[] = [];
    environment.on('heartbeat', (details: unknown) => beats.push(details));
    const resumedFrom = await environment.run(() => withHeartbeats(({ resumedFrom: from, report }) => {
      report({ rows: 5 });
      return Promise.resolve(from);
    }));
    assert.deepEqual(resumedFrom, { rows: 3 });
    assert.deepEqual(beats, [{ rows: 3 }, { rows: 5 }]);
  });

  it('makes a failure of an error: its code is the type, its problems are the details, and the code says whether to try again', async () => {
    const problems = [{ path: 'a', message: 'is wrong' }];
    for (const [code, nonRetryable] of [['INVALID_DATA', true], ['UNAVAILABLE', false], ['PROCESS_DIED', false]] as const) {
      const failure = await failureOf(() => Promise.reject(new PipelineError(code, 'no', { problems })));
      assert.equal(failure.constructor, ApplicationFailure);
      const { type, details, nonRetryable: final } = failure as ApplicationFailure;
      assert.deepEqual([type, details, final], [code, [problems], nonRetryable]);
    }
  });

  it('does not try a mistake of the program again, but anything unknown', async () => {
    const mistake = await failureOf(() => Promise.reject(new TypeError('x is undefined')));
    assert.deepEqual([(mistake as ApplicationFailure).type, (mistake as ApplicationFailure).nonRetryable], ['TypeError', true]);
    const unknown = new Error('EIO');
    assert.equal(await failureOf(() => Promise.reject(unknown)), unknown);
  });

  it('ends as cancelled when it was cancelled, whatever the work threw', async () => {
    const environment = new MockActivityEnvironment({}, SILENT);
    const failure = await failureOf(({ signal }) => {
      environment.cancel();
      assert.equal(signal.aborted, true);
      return Promise.reject(new Error('the connection was closed'));
    }, environment);
    assert.equal(failure.constructor, CancelledFailure);
  });

  it('gives the event loop its turn between batches, and stops reading when it is aborted', async () => {
    const controller = new AbortController();
    let turns = 0;
    const read = async function* (): AsyncGenerator<number> {
      for (let batch = 0; batch < 100; batch++) yield batch;
    };
    const store = interruptible({ read } as unknown as DatasetStore, controller.signal);
    let seen = 0;
    const turn = (): void => {
      turns++;
      if (turns === 10) controller.abort();
      else setImmediate(turn);
    };
    setImmediate(turn);
    await assert.rejects(async () => {
      for await (const _ of store.read(undefined as never)) seen++;
    }, { name: 'AbortError' });
    assert.equal(seen > 5 && seen < 20, true, `${seen} batches`);
  });
});
