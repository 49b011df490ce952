/** For each distinct score, from the highest down: how many rows score at least that much. Rows of equal score enter together. */
export interface ThresholdCounts {
  readonly thresholds: Float64Array;
  readonly truePositives: Float64Array;
  readonly falsePositives: Float64Array;
  readonly positives: number;
  readonly negatives: number;
}

/** `isPositive(row)` says which rows are of the class that the scores are for. Scores are not NaN. */
export function thresholdCounts(scores: ArrayLike<number>, isPositive: (row: number) => boolean): ThresholdCounts {
  const order = Uint32Array.from({ length: scores.length }, (_, row) => row).sort((a, b) => scores[b]! - scores[a]!);
  const thresholds = new Float64Array(scores.length);
  const truePositives = new Float64Array(scores.length);
  const falsePositives = new Float64Array(scores.length);
  let [length, positives, negatives] = [0, 0, 0];
  for (let i = 0; i < order.length; i++) {
    const score = scores[order[i]!]!;
    if (isPositive(order[i]!)) positives++;
    else negatives++;
    if (i + 1 < order.length && scores[order[i + 1]!] === score) continue;
    thresholds[length] = score;
    truePositives[length] = positives;
    falsePositives[length++] = negatives;
  }
  return { thresholds: thresholds.subarray(0, length), truePositives: truePositives.subarray(0, length), falsePositives: falsePositives.subarray(0, length), positives, negatives };
}

/** Area under the ROC curve by trapezoids, which counts a tie as half (midranks); NaN when one of the two kinds of rows is absent. */
export function areaUnderRoc(counts: ThresholdCounts): number {
  let doubled = 0;
  let [previousTrue, previousFalse] = [0, 0];
  counts.thresholds.forEach((_, i) => {
    doubled += (counts.falsePositives[i]! - previousFalse) * (counts.truePositives[i]! + previousTrue);
    [previousTrue, previousFalse] = [counts.truePositives[i]!, counts.falsePositives[i]!];
  });
  return doubled / 2 / (counts.positives * counts.negatives);
}

/** Sum over the thresholds of (gain in recall) * precision, without interpolation; NaN without positive rows. */
export function averagePrecision(counts: ThresholdCounts): number {
  let sum = 0;
  let previousTrue = 0;
  counts.thresholds.forEach((_, i) => {
    const found = counts.truePositives[i]!;
    sum += (found - previousTrue) * (found / (found + counts.falsePositives[i]!));
    previousTrue = found;
  });
  return sum / counts.positives;
}
