import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { readAhead } from '../../activities/read-ahead.ts';

describe('reading ahead', () => {
  const none = (): void => undefined;

  it('gives all values in order, making one while the caller works on the one before', async () => {
    const made: number[] = [];
    async function* source(): AsyncGenerator<number> {
      for (let n = 1; n <= 4; n++) {
        await sleep(1);
        made.push(n);
        yield n;
      }
    }
    const seen: number[] = [];
    for await (const value of readAhead(source(), none)) {
      await sleep(20);
      seen.push(value);
      assert.deepEqual(made.length, Math.min(4, value + 1), 'one ahead, and no more');
    }
    assert.deepEqual(seen, [1, 2, 3, 4]);
  });

  it('throws an error of the source after the values before it, however late it is looked at', async () => {
    async function* source(): AsyncGenerator<number> {
      yield 1;
      throw new Error('lost');
    }
    const seen: number[] = [];
    await assert.rejects(async () => {
      for await (const value of readAhead(source(), none)) {
        await sleep(20);
        seen.push(value);
      }
    }, /lost/);
    assert.deepEqual(seen, [1]);
  });

  it('stops the source when the caller ends early, and lets it clean up', async () => {
    const stop = new AbortController();
    const events: string[] = [];
    async function* source(): AsyncGenerator<number> {
      try {
        yield 1;
        await sleep(60_000, undefined, { signal: stop.signal });
      } finally {
        events.push('cleaned up');
      }
    }
    for await (const value of readAhead(source(), () => stop.abort())) {
      events.push(`value ${value}`);
      break;
    }
    assert.deepEqual(events, ['value 1', 'cleaned up']);
  });
});
