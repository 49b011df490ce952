import assert from 'node:assert/strict';
import fc from 'fast-check';
import { PipelineError } from '../../../domain/errors.ts';
import { splitByTime } from '../../../ml/splits/time-split.ts';

const sizes = { test_size: 0.2, validation_size: 0.1 };

describe('splitByTime', () => {
  it('takes the last rows for the test and those before them for validation', () => {
    const split = splitByTime(Float64Array.from({ length: 20 }, (_, i) => i), sizes);
    assert.deepEqual(split, { training: { start: 0, end: 14 }, validation: { start: 14, end: 16 }, test: { start: 16, end: 20 } });
  });

  it('moves a cut back to the first row of its instant', () => {
    const split = splitByTime([0, 1, 1, 1, 4, 5, 6, 6, 6, 9], { test_size: 0.2, validation_size: 0.3 });
    assert.deepEqual(split, { training: { start: 0, end: 5 }, validation: { start: 5, end: 6 }, test: { start: 6, end: 10 } });
    assert.deepEqual(splitByTime([1, 1, 1, 2, 2, 2, 2, 2, 2, 2], { test_size: 0.5, validation_size: 0 }).test, { start: 3, end: 10 });
  });

  it('never puts an instant on both sides of a cut and loses no row, whatever the timestamps', () => {
    const timestamps = fc.array(fc.nat(30), { minLength: 1, maxLength: 60 }).map((times) => times.sort((a, b) => a - b));
    fc.assert(fc.property(timestamps, fc.double({ min: 0.05, max: 0.5, noNaN: true }), fc.double({ min: 0, max: 0.4, noNaN: true }), (times, test_size, validation_size) => {
      let split;
      try {
        split = splitByTime(times, { test_size, validation_size });
      } catch (error) {
        assert.ok(error instanceof PipelineError && error.code === 'INVALID_DATA', String(error));
        return;
      }
      const { training, validation, test } = split;
      assert.deepEqual([training.start, training.end, validation.end, test.end], [0, validation.start, test.start, times.length]);
      for (const cut of [validation.start, test.start]) assert.ok(times[cut - 1]! < times[cut]!, `cut ${cut} of ${times.join()}`);
      assert.ok(test.end - test.start >= Math.round(times.length * test_size));
    }));
  });

  it('names all figures when a part would be empty', () => {
    assert.throws(() => splitByTime([1, 1, 1, 2], { test_size: 0.25, validation_size: 0.25 }), (error) =>
      error instanceof PipelineError && /4 rows with test_size 0.25 and validation_size 0.25 give 0 training, 3 validation and 1 test rows .*2 instants/u.test(error.message));
    assert.throws(() => splitByTime([], sizes), /0 rows .* give 0 training, 0 validation and 0 test rows/u);
    assert.throws(() => splitByTime([1, 2, 3], { test_size: 0.1, validation_size: 0 }), /3 training, 0 validation and 0 test/u);
  });

  it('refuses rows that are not in time order, and a timestamp that is none', () => {
    assert.throws(() => splitByTime([1, 3, 2, 4], sizes), /the timestamp of row 2 is 2, after 3/u);
    assert.throws(() => splitByTime([Number.NaN, 3], sizes), /the timestamp of row 0 is NaN/u);
    assert.throws(() => splitByTime([1, Number.NaN], sizes), /the timestamp of row 1 is NaN, after 1/u);
  });
});
