import type { MetricName } from '../../domain/model/metrics.ts';
import { confusionMatrix } from './curves.ts';
import { areaUnderRoc, averagePrecision, thresholdCounts } from './threshold-counts.ts';
import type { ThresholdCounts } from './threshold-counts.ts';

/** What a classifier said about rows whose class is known. Classes are indices 0..probabilities.length - 1. */
export interface ClassificationResult {
  readonly labels: ArrayLike<number>;
  readonly predictions: ArrayLike<number>;
  /** One array per class, two classes at least. */
  readonly probabilities: readonly ArrayLike<number>[];
}

/** Probabilities nearer to 0 or 1 than this count as this near, so that one wrong certainty does not make the loss infinite: scikit-learn's bound for float64. */
const LOG_LOSS_CLIP = Number.EPSILON;

/** With two classes the metrics are of class 1, as in scikit-learn; with more, the unweighted mean over the classes (`macro`). NaN: not defined for these rows. */
const CLASSIFICATION_METRICS: Partial<Record<MetricName, (result: ClassificationResult) => number>> = {
  roc_auc: (result) => meanOverClasses(result, areaUnderRoc),
  average_precision: (result) => meanOverClasses(result, averagePrecision),
  log_loss: logLoss,
  brier: brierScore,
  accuracy: (result) => meanOverRows(result, (row) => (result.predictions[row] === result.labels[row] ? 1 : 0)),
  precision: (result) => meanOfCounts(result, ({ right, called }) => ratio(right, called)),
  recall: (result) => meanOfCounts(result, ({ right, actual }) => ratio(right, actual)),
  f1: (result) => meanOfCounts(result, ({ right, called, actual }) => ratio(2 * right, called + actual)),
};

/** The named metrics, in the order of the names; names of regression metrics are left out. */
export function classificationMetrics(names: readonly MetricName[], result: ClassificationResult): Record<string, number> {
  return Object.fromEntries(names.flatMap((name) => {
    const metric = CLASSIFICATION_METRICS[name];
    return metric === undefined ? [] : [[name, metric(result)]];
  }));
}

function meanOverClasses(result: ClassificationResult, metric: (counts: ThresholdCounts) => number): number {
  const of = (index: number): number => metric(thresholdCounts(result.probabilities[index]!, (row) => result.labels[row] === index));
  if (result.probabilities.length === 2) return of(1);
  return result.probabilities.reduce((sum, _, index) => sum + of(index), 0) / result.probabilities.length;
}

/** Mean of -ln(p of the true class). */
function logLoss(result: ClassificationResult): number {
  return meanOverRows(result, (row) => {
    const probability = result.probabilities[result.labels[row]!]![row]!;
    return -Math.log(Math.min(Math.max(probability, LOG_LOSS_CLIP), 1 - LOG_LOSS_CLIP));
  });
}

function brierScore(result: ClassificationResult): number {
  const classes = result.probabilities.length === 2 ? [1] : result.probabilities.map((_, index) => index);
  return meanOverRows(result, (row) => classes.reduce((sum, index) => sum + (result.probabilities[index]![row]! - (result.labels[row] === index ? 1 : 0)) ** 2, 0));
}

function meanOverRows(result: ClassificationResult, value: (row: number) => number): number {
  let sum = 0;
  for (let row = 0; row < result.labels.length; row++) sum += value(row);
  return sum / result.labels.length;
}

/** For one class: rows called so and so in truth, rows called so, rows so in truth. */
interface ClassCounts {
  readonly right: number;
  readonly called: number;
  readonly actual: number;
}

function meanOfCounts(result: ClassificationResult, metric: (counts: ClassCounts) => number): number {
  const matrix = confusionMatrix(result.labels, result.predictions, result.probabilities.length);
  const of = (index: number): number => metric({
    right: matrix[index]![index]!,
    called: matrix.reduce((sum, row) => sum + row[index]!, 0),
    actual: matrix[index]!.reduce((sum, count) => sum + count, 0),
  });
  return matrix.length === 2 ? of(1) : matrix.reduce((sum, _, index) => sum + of(index), 0) / matrix.length;
}

/** 0 where nothing is there to divide by, as scikit-learn has it. */
function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
