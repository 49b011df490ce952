import type { MetricName } from '../../domain/model/metrics.ts';
import { mean, median } from '../preprocessing/statistics.ts';

/** What a regression said about rows whose target is known. */
export interface RegressionResult {
  readonly targets: ArrayLike<number>;
  readonly predictions: ArrayLike<number>;
}

const REGRESSION_METRICS: Partial<Record<MetricName, (result: RegressionResult) => number>> = {
  rmse: (result) => Math.sqrt(mean(errors(result).map((error) => error ** 2))),
  mae: (result) => mean(errors(result).map(Math.abs)),
  median_absolute_error: (result) => median(errors(result).map(Math.abs)),
  r2: determination,
};

/** The named metrics, in the order of the names; names of classification metrics are left out. NaN: there are no rows. */
export function regressionMetrics(names: readonly MetricName[], result: RegressionResult): Record<string, number> {
  return Object.fromEntries(names.flatMap((name) => {
    const metric = REGRESSION_METRICS[name];
    return metric === undefined ? [] : [[name, metric(result)]];
  }));
}

function errors(result: RegressionResult): Float64Array {
  return Float64Array.from(result.targets, (target, row) => result.predictions[row]! - target);
}

/** 1 - (squared errors) / (squares about the mean); with a constant target 1 for perfect predictions, else 0. */
function determination(result: RegressionResult): number {
  const centre = mean(result.targets);
  const total = mean(Float64Array.from(result.targets, (target) => (target - centre) ** 2));
  const unexplained = mean(errors(result).map((error) => error ** 2));
  if (total === 0) return unexplained === 0 ? 1 : 0;
  return 1 - unexplained / total;
}
