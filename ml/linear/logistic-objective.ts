import type { DenseRows, Standardisation } from './dense-rows.ts';

export interface Evaluation {
  /** Mean log loss plus penalty: what is made least. */
  readonly value: number;
  /** Weighted mean log loss alone. */
  readonly loss: number;
  /** Derivatives of `value`. */
  readonly gradient: Float64Array;
}

/**
 * scikit-learn's objective of LogisticRegression divided by C and the sum of weights: mean log loss + |coefficients|^2 * penalty / 2.
 * Parameters lie output by output: one per standardised column, then the intercept, which is not penalised. One output: sigmoid, labels 0 and 1; more: softmax, labels 0..outputs-1.
 */
export interface LogisticObjective {
  readonly parameters: number;
  evaluate(theta: Float64Array): Evaluation;
  /** Second derivatives, row by row; for one output only. */
  hessian(theta: Float64Array): Float64Array;
}

export interface ObjectiveOptions {
  readonly outputs: number;
  readonly fitIntercept: boolean;
  /** 1 / (C * sum of weights); 0: none. Of the coefficients in the columns' own units. */
  readonly penalty: number;
  readonly standardisation: Standardisation;
}

export function logisticObjective(data: DenseRows, options: ObjectiveOptions): LogisticObjective {
  const width = data.columns + 1;
  const { scale } = options.standardisation;
  const penaltyOf = (j: number): number => (j < data.columns ? options.penalty / (scale[j]! * scale[j]!) : 0);
  const totalWeight = data.weights === undefined ? data.rows : data.weights.reduce((sum, weight) => sum + weight, 0);
  const parameters = options.outputs * width;
  return {
    parameters,
    evaluate: (theta) => {
      const gradient = new Float64Array(parameters);
      const scores = new Float64Array(options.outputs);
      let lossSum = 0;
      forEachRow(data, options, (row, i) => {
        const weight = data.weights?.[i] ?? 1;
        scoresOf(row, theta, scores);
        lossSum += weight * toResiduals(scores, data.labels[i]!);
        for (let k = 0, at = 0; k < options.outputs; k++) {
          const residual = weight * scores[k]!;
          for (let j = 0; j < width; j++, at++) gradient[at]! += residual * row[j]!;
        }
      });
      let penaltySum = 0;
      for (let at = 0; at < parameters; at++) {
        const penalty = penaltyOf(at % width);
        gradient[at] = gradient[at]! / totalWeight + penalty * theta[at]!;
        penaltySum += penalty * theta[at]! * theta[at]!;
      }
      return { value: lossSum / totalWeight + penaltySum / 2, loss: lossSum / totalWeight, gradient };
    },
    hessian: (theta) => {
      const result = new Float64Array(width * width);
      const scores = new Float64Array(1);
      forEachRow(data, options, (row, i) => {
        scoresOf(row, theta, scores);
        const probability = sigmoid(scores[0]!);
        const curvature = ((data.weights?.[i] ?? 1) * probability * (1 - probability)) / totalWeight;
        for (let a = 0; a < width; a++) {
          const factor = curvature * row[a]!;
          if (factor !== 0) for (let b = a; b < width; b++) result[a * width + b]! += factor * row[b]!;
        }
      });
      for (let a = 0; a < width; a++) {
        result[a * width + a]! += penaltyOf(a);
        for (let b = 0; b < a; b++) result[a * width + b] = result[b * width + a]!;
      }
      // Without an intercept its row is all zeros; 1 keeps the matrix invertible and the step zero.
      if (!options.fitIntercept) result[width * width - 1] = 1;
      return result;
    },
  };
}

/** Calls with each row standardised, 1 (or 0 without an intercept) behind its last column. The array is the same each time. */
function forEachRow(data: DenseRows, { standardisation, fitIntercept }: ObjectiveOptions, call: (row: Float64Array, index: number) => void): void {
  const { mean, scale } = standardisation;
  const inverse = scale.map((value) => 1 / value);
  const row = new Float64Array(data.columns + 1);
  row[data.columns] = fitIntercept ? 1 : 0;
  for (let i = 0, at = 0; i < data.rows; i++) {
    for (let j = 0; j < data.columns; j++, at++) row[j] = (data.matrix[at]! - mean[j]!) * inverse[j]!;
    call(row, i);
  }
}

function scoresOf(row: Float64Array, theta: Float64Array, scores: Float64Array): void {
  for (let k = 0, at = 0; k < scores.length; k++) {
    let sum = 0;
    for (let j = 0; j < row.length; j++, at++) sum += row[j]! * theta[at]!;
    scores[k] = sum;
  }
}

/** Replaces the scores by probability minus target and returns the row's log loss. */
function toResiduals(scores: Float64Array, label: number): number {
  if (scores.length === 1) {
    const score = scores[0]!;
    scores[0] = sigmoid(score) - label;
    return Math.max(score, 0) - score * label + Math.log1p(Math.exp(-Math.abs(score)));
  }
  const top = scores.reduce((best, score) => Math.max(best, score), -Infinity);
  const own = scores[label]!;
  let sum = 0;
  for (let k = 0; k < scores.length; k++) sum += scores[k] = Math.exp(scores[k]! - top);
  for (let k = 0; k < scores.length; k++) scores[k] = scores[k]! / sum - (k === label ? 1 : 0);
  return top - own + Math.log(sum);
}

const sigmoid = (score: number): number => (score >= 0 ? 1 / (1 + Math.exp(-score)) : Math.exp(score) / (1 + Math.exp(score)));
