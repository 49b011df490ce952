/** scikit-learn's `class_weight: balanced`: a row weighs rows / (classes * rows of its class), classes being those that occur. Labels are class indexes. */
export function balancedWeights(labels: Float32Array, classes: number): Float32Array {
  const counts = new Float64Array(classes);
  for (const label of labels) counts[label] = (counts[label] ?? 0) + 1;
  const occurring = counts.reduce((sum, count) => sum + (count > 0 ? 1 : 0), 0);
  return labels.map((label) => labels.length / (occurring * (counts[label] ?? 1)));
}
