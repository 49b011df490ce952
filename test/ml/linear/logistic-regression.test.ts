import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { LinearModel } from '../../../domain/model/fitted-model.ts';
import type { DenseRows } from '../../../ml/linear/dense-rows.ts';
import { fitLogisticRegression, type LogisticOptions } from '../../../ml/linear/logistic-regression.ts';
import { random } from '../../adapters/trainers/synthetic.ts';

const OPTIONS: LogisticOptions = { classes: 2, C: 1, fitIntercept: true, tolerance: 1e-9, maxIterations: 500 };
const NONE: DenseRows = { rows: 0, columns: 3, matrix: new Float32Array(0), labels: new Float32Array(0) };

function rowsOf(rows: number, classes: number, seed: number): DenseRows {
  const next = random(seed);
  const matrix = Float32Array.from({ length: rows * 3 }, (_, at) => (next() - 0.5) * 20 ** (at % 3) + 50 * (at % 3));
  const labels = Float32Array.from({ length: rows }, (_, i) => Math.min(classes - 1, Math.max(0, Math.floor(classes * (0.5 + 0.6 * matrix[i * 3]! + (next() - 0.5) * 0.9)))));
  return { rows, columns: 3, matrix, labels };
}

/** Probabilities by the plain formulas. */
function probabilities(model: LinearModel, row: Float32Array): number[] {
  const scores = model.coefficients.map((coefficients, k) => row.reduce((sum, value, j) => sum + value * coefficients[j]!, model.intercepts[k]!));
  if (model.link === 'sigmoid') return [1 - 1 / (1 + Math.exp(-scores[0]!)), 1 / (1 + Math.exp(-scores[0]!))];
  const top = Math.max(...scores);
  const parts = scores.map((score) => Math.exp(score - top));
  return parts.map((part) => part / parts.reduce((a, b) => a + b, 0));
}

/** scikit-learn's conditions for the least of C * sum of losses + half the sum of squared coefficients: C * X'(p - y) + w = 0, and sum(p - y) = 0. */
function violation(data: DenseRows, model: LinearModel, C: number): number {
  const outputs = model.coefficients.length;
  const sums = model.coefficients.map((row) => [...row.map((value) => value / C), 0]);
  const sizes = sums.map((row) => row.map(() => 1e-9));
  for (let i = 0; i < data.rows; i++) {
    const row = data.matrix.subarray(i * 3, i * 3 + 3);
    const found = probabilities(model, row);
    for (let k = 0; k < outputs; k++) {
      const residual = (data.weights?.[i] ?? 1) * (found[outputs === 1 ? 1 : k]! - Number(data.labels[i] === (outputs === 1 ? 1 : k)));
      [...row, 1].forEach((value, j) => {
        sums[k]![j]! += residual * value;
        sizes[k]![j]! += Math.abs(residual * value);
      });
    }
  }
  return Math.max(...sums.flatMap((row, k) => row.map((sum, j) => Math.abs(sum) / sizes[k]![j]!)));
}

describe('logistic regression', () => {
  it("reaches the optimum of scikit-learn's objective, for two and more classes and any weights", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 500 }), fc.constantFrom(2, 3, 4), fc.constantFrom(0.01, 1, 100), fc.boolean(), async (seed, classes, C, weighted) => {
        const plain = rowsOf(400, classes, seed);
        const data = weighted ? { ...plain, weights: plain.labels.map((label) => 1 + label) } : plain;
        const { model, converged } = await fitLogisticRegression(data, NONE, { ...OPTIONS, classes, C });
        assert.ok(converged);
        assert.ok(violation(data, model, C) < 1e-5, `${violation(data, model, C)}`);
      }),
      { numRuns: 30 },
    );
  });

  it('knows the shares when the columns say nothing', async () => {
    const data: DenseRows = { rows: 4, columns: 1, matrix: Float32Array.of(5, 5, 5, 5), labels: Float32Array.of(1, 0, 0, 0) };
    const { model } = await fitLogisticRegression(data, { ...NONE, columns: 1 }, OPTIONS);
    assert.equal(model.coefficients[0]![0], 0);
    assert.ok(Math.abs(model.intercepts[0]! - Math.log(1 / 3)) < 1e-9);
  });

  it('has no intercept when told so', async () => {
    const { model } = await fitLogisticRegression(rowsOf(200, 2, 4), NONE, { ...OPTIONS, fitIntercept: false });
    assert.equal(model.intercepts[0], 0);
  });

  it('does without a penalty, also when columns are collinear', async () => {
    const base = rowsOf(300, 2, 5);
    const data: DenseRows = { ...base, matrix: base.matrix.map((value, at) => (at % 3 === 2 ? 2 * base.matrix[at - 2]! : value)) };
    const { model, converged } = await fitLogisticRegression(data, NONE, { ...OPTIONS, C: Infinity, tolerance: 1e-7 });
    assert.ok(converged);
    assert.ok(violation(data, model, Infinity) < 1e-4);
  });

  it('says when it did not converge: classes that a line separates have no optimum without a penalty', async () => {
    const data: DenseRows = { rows: 4, columns: 1, matrix: Float32Array.of(-2, -1, 1, 2), labels: Float32Array.of(0, 0, 1, 1) };
    const { converged, trainLoss, model } = await fitLogisticRegression(data, { ...NONE, columns: 1 }, { ...OPTIONS, C: Infinity, maxIterations: 5 });
    assert.equal(converged, false);
    assert.equal(trainLoss.length, 5);
    assert.ok(Number.isFinite(model.coefficients[0]![0]!));
  });

  it('tells the log loss of training and validation rows after each iteration', async () => {
    const [training, validation] = [rowsOf(500, 3, 6), rowsOf(100, 3, 7)];
    const { model, trainLoss, validationLoss } = await fitLogisticRegression(training, validation, { ...OPTIONS, classes: 3 });
    assert.equal(trainLoss.length, validationLoss.length);
    assert.ok(trainLoss.every((loss, at) => at === 0 || loss <= trainLoss[at - 1]! + 1e-3));
    const expected = Array.from({ length: 100 }, (_, i) => -Math.log(probabilities(model, validation.matrix.subarray(i * 3, i * 3 + 3))[validation.labels[i]!]!)).reduce((a, b) => a + b, 0) / 100;
    assert.ok(Math.abs(validationLoss.at(-1)! - expected) < 1e-6);
  });
});
