import assert from 'node:assert/strict';
import fc from 'fast-check';
import { metricsOf } from '../../../domain/model/metrics.ts';
import type { MetricName } from '../../../domain/model/metrics.ts';
import { classificationMetrics } from '../../../ml/metrics/classification.ts';
import type { ClassificationResult } from '../../../ml/metrics/classification.ts';

function near(actual: number | undefined, expected: number): void {
  assert.ok(actual !== undefined && Math.abs(actual - expected) < 1e-12, `${actual} is not ${expected}`);
}

function binary(labels: readonly number[], scores: readonly number[]): ClassificationResult {
  return { labels, predictions: scores.map((p) => (p > 0.5 ? 1 : 0)), probabilities: [scores.map((p) => 1 - p), scores] };
}

function one(name: MetricName, result: ClassificationResult): number {
  return classificationMetrics([name], result)[name]!;
}

describe('classification metrics', () => {
  it('are what they are by hand, of class 1 for two classes', () => {
    const result = binary([0, 0, 1, 1, 1], [0.1, 0.6, 0.35, 0.8, 0.6]);
    near(one('roc_auc', result), (3 + 1 + 0.5) / 6); // pairs won: 0.8 both, 0.6 one and a tie, 0.35 one
    near(one('average_precision', result), (1 / 3) * 1 + (1 / 3) * (2 / 3) + (1 / 3) * (3 / 4));
    near(one('log_loss', result), -(Math.log(0.9) + Math.log(0.4) + Math.log(0.35) + Math.log(0.8) + Math.log(0.6)) / 5);
    near(one('brier', result), (0.01 + 0.36 + 0.65 ** 2 + 0.04 + 0.16) / 5);
    near(one('accuracy', result), 3 / 5);
    near(one('precision', result), 2 / 3);
    near(one('recall', result), 2 / 3);
    near(one('f1', result), 2 / 3);
  });

  it('are means over one-vs-rest for several classes', () => {
    const probabilities = [[0.7, 0.2, 0.1, 0.5], [0.2, 0.5, 0.2, 0.3], [0.1, 0.3, 0.7, 0.2]];
    const result = { labels: [0, 1, 2, 1], predictions: [0, 1, 2, 0], probabilities };
    near(one('roc_auc', result), (1 + 1 + 1) / 3);
    near(one('average_precision', result), 1);
    near(one('precision', result), (1 / 2 + 1 + 1) / 3);
    near(one('recall', result), (1 + 1 / 2 + 1) / 3);
    near(one('f1', result), (2 / 3 + 2 / 3 + 1) / 3);
    near(one('accuracy', result), 3 / 4);
    near(one('log_loss', result), -(Math.log(0.7) + Math.log(0.5) + Math.log(0.7) + Math.log(0.3)) / 4);
    near(one('brier', result), (0.09 + 0.04 + 0.01 + (0.04 + 0.25 + 0.09) + (0.01 + 0.04 + 0.09) + (0.25 + 0.49 + 0.04)) / 4);
  });

  it('count ties in the area under the curve as half: the chance that a positive row scores above a negative one', () => {
    const row = fc.tuple(fc.nat(1), fc.integer({ min: 0, max: 5 }).map((score) => score / 5));
    fc.assert(fc.property(fc.array(row, { minLength: 1, maxLength: 40 }), (rows) => {
      const [positive, negative] = [1, 0].map((label) => rows.filter(([l]) => l === label).map(([, score]) => score)) as [number[], number[]];
      const won = positive.reduce((sum, p) => sum + negative.reduce((inner, n) => inner + (p > n ? 1 : p === n ? 0.5 : 0), 0), 0);
      const auc = one('roc_auc', binary(rows.map(([label]) => label), rows.map(([, score]) => score)));
      if (positive.length * negative.length === 0) assert.ok(Number.isNaN(auc));
      else near(auc, won / (positive.length * negative.length));
    }));
  });

  it('clip a wrong certainty, and call an empty precision 0', () => {
    near(one('log_loss', binary([1], [0])), 52 * Math.log(2));
    assert.equal(one('precision', binary([1, 0], [0.2, 0.1])), 0);
    assert.equal(one('f1', binary([0, 0], [0.2, 0.1])), 0);
  });

  it('come in the order asked for, every one of the catalogue, and no other', () => {
    const names = [...metricsOf('classification')].reverse();
    const values = classificationMetrics([...names, 'rmse'], binary([0, 1], [0.2, 0.9]));
    assert.deepEqual(Object.keys(values), names);
    assert.ok(Object.values(values).every(Number.isFinite));
  });
});
