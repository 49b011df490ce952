import assert from 'node:assert/strict';
import { columnShare } from '../../../adapters/lightgbm/columns-per-split.ts';

/** Rows in which all but the last `constant` columns vary. */
const rowsOf = (columns: number, constant = 0): Parameters<typeof columnShare>[2] => ({
  rows: 3,
  labels: new Float32Array(3),
  matrix: Float32Array.from({ length: 3 * columns }, (_, at) => (at % columns >= columns - constant ? NaN : Math.floor(at / columns))),
});
const drawn = (maxFeatures: Parameters<typeof columnShare>[0], columns: number, constant = 0): number => columnShare(maxFeatures, columns, rowsOf(columns, constant)) * (columns - constant);

describe('columns per split', () => {
  it("counts as scikit-learn does, small even numbers raised by one", () => {
    assert.deepEqual([drawn('sqrt', 20), drawn('sqrt', 26), drawn('sqrt', 40), drawn('log2', 40), drawn('log2', 20)], [5, 5, 7, 5, 5]);
    assert.deepEqual([drawn(3, 20), drawn(4, 20), drawn(10, 20), drawn(0.5, 20), drawn(0.15, 20)], [3, 5, 10, 10, 3]);
    assert.deepEqual([drawn(null, 20), drawn(1, 20), drawn(50, 20)], [20, 20, 20]);
  });

  it('leaves columns that do not vary out of the count', () => {
    assert.equal(drawn('sqrt', 40, 20), 7);
    assert.equal(drawn(null, 40, 20), 20);
  });

  it('never asks for more columns than there are', () => {
    for (const columns of [1, 2, 3, 4, 5]) for (const wish of ['sqrt', 'log2', 0.1, null, 2]) assert.ok(drawn(wish, columns) <= columns && drawn(wish, columns) >= Math.min(columns, 2), `${wish} of ${columns}`);
    assert.equal(columnShare('sqrt', 3, rowsOf(3, 3)), 1);
  });
});
