import type { ThresholdCounts } from './threshold-counts.ts';

/** `matrix[truth][prediction]`: number of rows. Classes are indices 0..classes - 1. */
export function confusionMatrix(labels: ArrayLike<number>, predictions: ArrayLike<number>, classes: number): readonly (readonly number[])[] {
  const matrix = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let row = 0; row < labels.length; row++) matrix[labels[row]!]![predictions[row]!]!++;
  return matrix;
}

/** A point of the ROC curve: the rates when rows that score at least `threshold` are called positive. */
export interface RocPoint {
  readonly threshold: number;
  readonly falsePositiveRate: number;
  readonly truePositiveRate: number;
}

/** The ROC curve from (0, 0) to (1, 1), thinned to about `points` points for drawing: every k-th threshold and the last. Empty when one kind of row is absent. */
export function rocCurve(counts: ThresholdCounts, points = 500): readonly RocPoint[] {
  if (counts.positives === 0 || counts.negatives === 0) return [];
  const step = Math.max(1, Math.ceil(counts.thresholds.length / points));
  const curve: RocPoint[] = [{ threshold: Infinity, falsePositiveRate: 0, truePositiveRate: 0 }];
  counts.thresholds.forEach((threshold, i) => {
    if ((i + 1) % step !== 0 && i + 1 !== counts.thresholds.length) return;
    curve.push({ threshold, falsePositiveRate: counts.falsePositives[i]! / counts.negatives, truePositiveRate: counts.truePositives[i]! / counts.positives });
  });
  return curve;
}

/** Rows whose probability lies in one bin. */
export interface CalibrationBin {
  readonly from: number;
  readonly to: number;
  readonly rows: number;
  readonly meanProbability: number;
  /** Share of the rows that are of the class. */
  readonly share: number;
}

/** Bins of equal width over [0, 1], the upper edge inside only in the last; empty bins are left out. */
export function calibrationBins(probabilities: ArrayLike<number>, isPositive: (row: number) => boolean, bins = 10): readonly CalibrationBin[] {
  const totals = Array.from({ length: bins }, () => ({ rows: 0, probability: 0, positives: 0 }));
  for (let row = 0; row < probabilities.length; row++) {
    const bin = totals[Math.min(bins - 1, Math.floor(probabilities[row]! * bins))]!;
    bin.rows++;
    bin.probability += probabilities[row]!;
    if (isPositive(row)) bin.positives++;
  }
  return totals.flatMap(({ rows, probability, positives }, i) =>
    rows === 0 ? [] : [{ from: i / bins, to: (i + 1) / bins, rows, meanProbability: probability / rows, share: positives / rows }]);
}

export interface Histogram {
  readonly from: number;
  readonly to: number;
  readonly counts: readonly number[];
  /** Rows without a finite value; in no bin. */
  readonly missing: number;
}

/** Bins of equal width between the least and the greatest finite value, the upper edge inside only in the last. Without finite values, or with one alone: a single bin at most. */
export function histogram(values: ArrayLike<number>, bins = 20): Histogram {
  let [from, to, missing] = [Infinity, -Infinity, 0];
  for (let row = 0; row < values.length; row++) {
    const value = values[row]!;
    if (!Number.isFinite(value)) missing++;
    else [from, to] = [Math.min(from, value), Math.max(to, value)];
  }
  if (missing === values.length) return { from: Number.NaN, to: Number.NaN, counts: [], missing };
  const counts = new Array<number>(from === to ? 1 : bins).fill(0);
  const width = (to - from) / counts.length;
  for (let row = 0; row < values.length; row++) {
    const value = values[row]!;
    if (Number.isFinite(value)) counts[width === 0 ? 0 : Math.min(counts.length - 1, Math.floor((value - from) / width))]!++;
  }
  return { from, to, counts, missing };
}
