import assert from 'node:assert/strict';
import { joinInterval, type Interval } from '../../../../adapters/feast/registry/intervals.ts';

const interval = (startMicros: number, endMicros: number): Interval => ({ startMicros, endMicros });

describe('materialization intervals', () => {
  it('of consecutive runs become one that grows', () => {
    assert.deepEqual([10, 20, 30].reduce<readonly Interval[]>((all, end) => joinInterval(all, interval(end - 10, end)), []), [interval(0, 30)]);
  });

  it('stay apart where nothing joins them, until something does', () => {
    const apart = joinInterval([interval(0, 10)], interval(11, 20));
    assert.deepEqual(apart, [interval(0, 10), interval(11, 20)]);
    assert.deepEqual(joinInterval(apart, interval(5, 12)), [interval(0, 20)]);
  });

  it('are what they were when one is recorded again, or lies in another', () => {
    const all = [interval(0, 10), interval(20, 30)];
    for (const added of [interval(0, 10), interval(20, 30), interval(22, 23)]) assert.deepEqual(joinInterval(all, added), all);
  });
});
