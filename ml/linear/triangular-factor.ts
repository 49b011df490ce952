import type { DenseRows } from './dense-rows.ts';

/**
 * R of the QR decomposition of [X | y], X and y less their means: `size * size` values row by row, size = columns + 1. Its upper left part is X's R, its last column Q'y.
 * Householder reflections, a block of rows at a time: memory does not grow with the rows, and unlike X'X nothing is squared.
 */
export function triangularFactor({ rows, columns, matrix, labels }: DenseRows, mean: Float64Array, labelMean: number): Float64Array {
  const size = columns + 1;
  const block = Math.max(128, 2 * size);
  const work = new Float64Array((size + block) * size);
  for (let first = 0; first < rows; first += block) {
    const count = Math.min(block, rows - first);
    for (let i = 0; i < count; i++) {
      const target = (size + i) * size;
      const source = (first + i) * columns;
      for (let j = 0; j < columns; j++) work[target + j] = matrix[source + j]! - mean[j]!;
      work[target + columns] = labels[first + i]! - labelMean;
    }
    reduce(work, size + count, size);
  }
  return work.slice(0, size * size);
}

/** Makes the upper part of `rows` rows triangular in place, and the rest zero. */
function reduce(a: Float64Array, rows: number, size: number): void {
  const products = new Float64Array(size);
  for (let k = 0; k < size; k++) {
    let norm = 0;
    for (let i = k; i < rows; i++) norm += a[i * size + k]! * a[i * size + k]!;
    norm = Math.sqrt(norm);
    if (norm === 0) continue;
    const diagonal = a[k * size + k]! > 0 ? -norm : norm;
    const head = a[k * size + k]! - diagonal;
    // The reflection is I - v v' / factor, with v the column and `head` in place of its first value.
    const factor = -diagonal * head;
    a[k * size + k] = head;
    products.fill(0);
    for (let i = k; i < rows; i++) {
      const v = a[i * size + k]!;
      if (v !== 0) for (let j = k + 1; j < size; j++) products[j]! += v * a[i * size + j]!;
    }
    for (let i = k; i < rows; i++) {
      const v = a[i * size + k]! / factor;
      if (v !== 0) for (let j = k + 1; j < size; j++) a[i * size + j]! -= v * products[j]!;
      a[i * size + k] = 0;
    }
    a[k * size + k] = diagonal;
  }
}
