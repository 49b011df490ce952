import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { doneOnce } from '../../../adapters/bigquery/done-once.ts';

describe('work that several want at the same moment', () => {
  it('is done once for all who ask while it is under way, and anew for who asks later', async () => {
    const owner = {};
    let count = 0;
    const ask = (key: string, asking: object = owner): Promise<string> => doneOnce(asking, key, undefined, async () => { const number = ++count; await turn(); return `${key} ${number}`; });
    assert.deepEqual(await Promise.all([ask('a'), ask('b'), ask('a'), ask('a', {})]), ['a 1', 'b 2', 'a 1', 'a 3']);
    assert.equal(await ask('a'), 'a 4');
  });

  it('is done by the next one where it fails, by one at a time', async () => {
    let [running, most, count] = [0, 0, 0];
    const ask = (): Promise<number> => doneOnce(ask, 'key', undefined, async () => {
      most = Math.max(most, ++running);
      await turn();
      running--;
      if (++count < 3) throw new Error(`failure ${count}`);
      return count;
    });
    const outcomes = await Promise.allSettled([ask(), ask(), ask(), ask()]);
    assert.deepEqual(outcomes.map((one) => (one.status === 'fulfilled' ? one.value : (one.reason as Error).message)), ['failure 1', 'failure 2', 3, 3]);
    assert.equal(most, 1);
  });

  it('keeps nobody waiting who is told to stop, and goes on for the others', async () => {
    const stop = new AbortController();
    let finish: () => void = () => undefined;
    const first = doneOnce(stop, 'key', undefined, () => new Promise<string>((resolve) => (finish = () => resolve('done'))));
    const second = doneOnce(stop, 'key', stop.signal, () => assert.fail('done twice'));
    stop.abort(new Error('enough'));
    await assert.rejects(second, /enough/);
    finish();
    assert.equal(await first, 'done');
  });
});
