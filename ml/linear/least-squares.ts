import { Matrix, SingularValueDecomposition } from 'ml-matrix';
import type { LinearModel } from '../../domain/model/fitted-model.ts';
import { standardisationOf, type DenseRows } from './dense-rows.ts';
import { triangularFactor } from './triangular-factor.ts';

export interface LeastSquaresOptions {
  /** Penalty on the sum of squared coefficients (ridge); 0: none. */
  readonly alpha: number;
  readonly fitIntercept: boolean;
}

/**
 * Least squares, with or without a ridge penalty; the intercept is not penalised. Where columns are collinear and nothing is penalised: the solution with the smallest sum of squared coefficients,
 * as scikit-learn's, singular values below (rows or columns, whichever is more) * 2^-52 * the largest counting as zero.
 */
export function fitLeastSquares(data: DenseRows, { alpha, fitIntercept }: LeastSquaresOptions): LinearModel {
  const { columns, rows } = data;
  const { mean } = standardisationOf(data, fitIntercept);
  const labelMean = fitIntercept ? data.labels.reduce((sum, label) => sum + label, 0) / rows : 0;
  const factor = Matrix.from1DArray(columns + 1, columns + 1, triangularFactor(data, mean, labelMean));
  const svd = new SingularValueDecomposition(factor.subMatrix(0, columns - 1, 0, columns - 1));
  const target = factor.subMatrix(0, columns - 1, columns, columns);
  const cutoff = Math.max(rows, columns) * Number.EPSILON * Math.max(...svd.diagonal);
  const projected = svd.leftSingularVectors.transpose().mmul(target);
  const shrunk = Matrix.columnVector(svd.diagonal.map((value, at) => (value > cutoff || (alpha > 0 && value > 0) ? (value / (value * value + alpha)) * projected.get(at, 0) : 0)));
  const coefficients = Float64Array.from(svd.rightSingularVectors.mmul(shrunk).to1DArray());
  const intercept = coefficients.reduce((sum, coefficient, j) => sum - coefficient * mean[j]!, labelMean);
  return { kind: 'linear', coefficients: [coefficients], intercepts: Float64Array.of(intercept), link: 'identity' };
}
