/** Values that are there, in order. */
export function present(values: Float32Array): Float32Array {
  return values.filter((value) => !Number.isNaN(value));
}

/** The middle value, or the mean of the two middle ones; NaN for an empty array. No value is NaN. */
export function median(values: Float32Array | Float64Array): number {
  const sorted = values.slice().sort();
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle]!;
  return (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Sum in row order in float64, divided by the count; NaN for an empty array. */
export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}

/** Population standard deviation in float64, in two passes; exactly 0 when all values are equal. */
export function standardDeviation(values: ArrayLike<number>): number {
  const centre = mean(values);
  let squares = 0;
  let varies = false;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    squares += (value - centre) ** 2;
    if (value !== values[0]) varies = true;
  }
  return varies ? Math.sqrt(squares / values.length) : 0;
}
