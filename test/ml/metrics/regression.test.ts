import assert from 'node:assert/strict';
import { metricsOf } from '../../../domain/model/metrics.ts';
import { regressionMetrics } from '../../../ml/metrics/regression.ts';

const names = metricsOf('regression');

describe('regression metrics', () => {
  it('are what they are by hand', () => {
    const values = regressionMetrics([...names, 'f1'], { targets: Float32Array.of(1, 2, 3, 6), predictions: Float64Array.of(1, 4, 2, 6) });
    assert.deepEqual(values, { rmse: Math.sqrt(5 / 4), mae: 3 / 4, median_absolute_error: 0.5, r2: 1 - 5 / 14 });
  });

  it('call a constant target explained when it is met exactly, and not at all otherwise', () => {
    assert.equal(regressionMetrics(['r2'], { targets: [2, 2], predictions: [2, 2] })['r2'], 1);
    assert.equal(regressionMetrics(['r2'], { targets: [2, 2], predictions: [2, 3] })['r2'], 0);
  });

  it('are NaN without rows', () => {
    assert.ok(Object.values(regressionMetrics(['rmse', 'mae', 'median_absolute_error'], { targets: [], predictions: [] })).every(Number.isNaN));
  });
});
