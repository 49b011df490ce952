import assert from 'node:assert/strict';
import fc from 'fast-check';
import { calibrationBins, confusionMatrix, histogram, rocCurve } from '../../../ml/metrics/curves.ts';
import { thresholdCounts } from '../../../ml/metrics/threshold-counts.ts';

describe('curves for plots', () => {
  it('draw the ROC curve from corner to corner, one point for each score', () => {
    const labels = [0, 1, 0, 1];
    const points = rocCurve(thresholdCounts([0.1, 0.4, 0.4, 0.8], (row) => labels[row] === 1));
    assert.deepEqual(points, [
      { threshold: Infinity, falsePositiveRate: 0, truePositiveRate: 0 }, { threshold: 0.8, falsePositiveRate: 0, truePositiveRate: 0.5 },
      { threshold: 0.4, falsePositiveRate: 0.5, truePositiveRate: 1 }, { threshold: 0.1, falsePositiveRate: 1, truePositiveRate: 1 },
    ]);
    assert.deepEqual(rocCurve(thresholdCounts([0.1], () => true)), []);
  });

  it('thin a long ROC curve and keep its ends', () => {
    const points = rocCurve(thresholdCounts(Float64Array.from({ length: 1003 }, (_, i) => i), (row) => row % 2 === 0), 100);
    assert.ok(points.length > 80 && points.length <= 102, String(points.length));
    assert.deepEqual(points.at(-1), { threshold: 0, falsePositiveRate: 1, truePositiveRate: 1 });
  });

  it('count truth by prediction', () => {
    assert.deepEqual(confusionMatrix([0, 0, 1, 2, 2], [0, 1, 1, 0, 2], 3), [[1, 1, 0], [0, 1, 0], [1, 0, 1]]);
  });

  it('put probabilities into bins, 1 into the last, and leave empty bins out', () => {
    const labels = [0, 1, 1, 1];
    assert.deepEqual(calibrationBins([0.125, 0.25, 0.375, 1], (row) => labels[row] === 1, 4), [
      { from: 0, to: 0.25, rows: 1, meanProbability: 0.125, share: 0 }, { from: 0.25, to: 0.5, rows: 2, meanProbability: 0.3125, share: 1 }, { from: 0.75, to: 1, rows: 1, meanProbability: 1, share: 1 },
    ]);
  });

  it('count every value of a histogram once, and say what is missing', () => {
    assert.deepEqual(histogram([0, 1, 2, 4, Number.NaN, Infinity], 4), { from: 0, to: 4, counts: [1, 1, 1, 1], missing: 2 });
    assert.deepEqual(histogram([3, 3]), { from: 3, to: 3, counts: [2], missing: 0 });
    assert.deepEqual(histogram([Number.NaN]), { from: Number.NaN, to: Number.NaN, counts: [], missing: 1 });
    fc.assert(fc.property(fc.array(fc.double({ min: -1e300, max: 1e300 })), fc.integer({ min: 1, max: 9 }), (values, bins) => {
      const { counts, missing } = histogram(values, bins);
      assert.equal(counts.reduce((a, b) => a + b, 0) + missing, values.length);
    }));
  });
});
