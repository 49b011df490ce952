/** Rows of float32 in C order with one label each: a class index or a value. `weights`: undefined when all rows count the same. */
export interface DenseRows {
  readonly rows: number;
  readonly columns: number;
  readonly matrix: Float32Array;
  readonly labels: Float32Array;
  readonly weights?: Float32Array;
}

/** Mean and standard deviation of each column, by which a solver shifts and scales so that its steps are well conditioned. The fitted model is in the columns' own units. */
export interface Standardisation {
  readonly mean: Float64Array;
  /** Never zero: 1 for a constant column. */
  readonly scale: Float64Array;
}

/** In two passes, float64, in row order. `centre: false` leaves the mean at 0, as a model without intercept must. */
export function standardisationOf(data: DenseRows, centre: boolean): Standardisation {
  const { rows, columns, matrix } = data;
  const mean = new Float64Array(columns);
  if (centre) {
    for (let i = 0, at = 0; i < rows; i++) for (let j = 0; j < columns; j++, at++) mean[j]! += matrix[at]!;
    for (let j = 0; j < columns; j++) mean[j]! /= rows;
  }
  const scale = new Float64Array(columns);
  for (let i = 0, at = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++, at++) {
      const difference = matrix[at]! - mean[j]!;
      scale[j]! += difference * difference;
    }
  }
  return { mean, scale: scale.map((sum) => (sum > 0 ? Math.sqrt(sum / rows) : 1)) };
}
