import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { DenseRows } from '../../../ml/linear/dense-rows.ts';
import { fitLeastSquares } from '../../../ml/linear/least-squares.ts';
import { random } from '../../adapters/trainers/synthetic.ts';

function rowsOf(rows: number, columns: number, seed: number, target: (row: Float32Array, noise: number) => number): DenseRows {
  const next = random(seed);
  const matrix = Float32Array.from({ length: rows * columns }, (_, at) => (next() - 0.5) * 10 ** (at % columns) + (at % columns) * 100);
  return { rows, columns, matrix, labels: Float32Array.from({ length: rows }, (_, i) => target(matrix.subarray(i * columns, (i + 1) * columns), next() - 0.5)) };
}

/** Derivatives of the penalised sum of squares by each coefficient and by the intercept, each over the size of what it sums. */
function slopes(data: DenseRows, model: ReturnType<typeof fitLeastSquares>, alpha: number): number[] {
  const [coefficients] = model.coefficients as [Float64Array];
  const sums = Array.from({ length: data.columns + 1 }, (_, j) => alpha * (coefficients[j] ?? 0));
  const sizes = sums.map(() => 1e-12);
  for (let i = 0; i < data.rows; i++) {
    const row = data.matrix.subarray(i * data.columns, (i + 1) * data.columns);
    const error = row.reduce((sum, value, j) => sum + value * coefficients[j]!, model.intercepts[0]!) - data.labels[i]!;
    [...row, 1].forEach((value, j) => {
      sums[j]! += error * value;
      sizes[j]! += Math.abs(error * value);
    });
  }
  return sums.map((sum, j) => Math.abs(sum) / sizes[j]!);
}

describe('least squares', () => {
  it('finds the coefficients that made the labels', () => {
    const data = rowsOf(1000, 3, 1, (row) => 2 * row[0]! - 0.5 * row[1]! + 0.25 * row[2]! + 7);
    const { coefficients, intercepts } = fitLeastSquares(data, { alpha: 0, fitIntercept: true });
    [2, -0.5, 0.25].forEach((value, j) => assert.ok(Math.abs(coefficients[0]![j]! - value) < 1e-4));
    assert.ok(Math.abs(intercepts[0]! - 7) < 1e-2);
  });

  it('leaves errors that no coefficient can make smaller, with and without penalty', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 8, max: 700 }), fc.constantFrom(0, 0.1, 100), (seed, columns, rows, alpha) => {
        const data = rowsOf(rows, columns, seed, (row, noise) => row[0]! + 3 * noise);
        for (const slope of slopes(data, fitLeastSquares(data, { alpha, fitIntercept: true }), alpha)) assert.ok(slope < 1e-6, `slope ${slope}`);
      }),
      { numRuns: 60 },
    );
  });

  it('shares a coefficient among equal columns', () => {
    const base = rowsOf(300, 1, 3, (row, noise) => 4 * row[0]! + noise);
    const twice: DenseRows = { ...base, columns: 2, matrix: Float32Array.from({ length: 600 }, (_, at) => base.matrix[at >> 1]!) };
    const single = fitLeastSquares(base, { alpha: 0, fitIntercept: true }).coefficients[0]![0]!;
    for (const half of fitLeastSquares(twice, { alpha: 0, fitIntercept: true }).coefficients[0]!) assert.ok(Math.abs(half - single / 2) < 1e-9);
  });

  it('gives a constant column no coefficient', () => {
    const data: DenseRows = { rows: 4, columns: 2, matrix: Float32Array.of(1, 5, 2, 5, 3, 5, 4, 5), labels: Float32Array.of(2, 4, 6, 8) };
    const { coefficients, intercepts } = fitLeastSquares(data, { alpha: 0, fitIntercept: true });
    assert.ok(Math.abs(coefficients[0]![0]! - 2) < 1e-12 && coefficients[0]![1] === 0 && Math.abs(intercepts[0]!) < 1e-12);
  });

  it('goes through zero without an intercept', () => {
    const data: DenseRows = { rows: 3, columns: 1, matrix: Float32Array.of(1, 2, 3), labels: Float32Array.of(3, 5, 7) };
    const { coefficients, intercepts } = fitLeastSquares(data, { alpha: 0, fitIntercept: false });
    assert.equal(intercepts[0], 0);
    assert.ok(Math.abs(coefficients[0]![0]! - 34 / 14) < 1e-12);
  });

  it('shrinks by alpha exactly: sum xy / (sum xx + alpha)', () => {
    const data: DenseRows = { rows: 3, columns: 1, matrix: Float32Array.of(-1, 0, 1), labels: Float32Array.of(1, 2, 6) };
    const { coefficients, intercepts } = fitLeastSquares(data, { alpha: 3, fitIntercept: true });
    assert.ok(Math.abs(coefficients[0]![0]! - 5 / 5) < 1e-12 && Math.abs(intercepts[0]! - 3) < 1e-12);
  });

  it('takes fewer rows than columns', () => {
    const data: DenseRows = { rows: 2, columns: 3, matrix: Float32Array.of(1, 0, 2, 0, 1, 1), labels: Float32Array.of(1, 3) };
    const { coefficients, intercepts } = fitLeastSquares(data, { alpha: 0, fitIntercept: true });
    const predict = (row: number[]): number => row.reduce((sum, value, j) => sum + value * coefficients[0]![j]!, intercepts[0]!);
    assert.ok(Math.abs(predict([1, 0, 2]) - 1) < 1e-9 && Math.abs(predict([0, 1, 1]) - 3) < 1e-9);
  });
});
