import type { RecordBatch } from '../../domain/data/columns.ts';
import { PipelineError } from '../../domain/errors.ts';
import { isMetricName } from '../../domain/model/metrics.ts';
import type { EvaluationReport, RocPoints, CalibrationBin } from '../../domain/model/wrapped-artifact.ts';
import type { TaskType } from '../../domain/recipe/recipe.ts';
import { calibrationBins, confusionMatrix, rocCurve } from '../metrics/curves.ts';
import { classificationMetrics } from '../metrics/classification.ts';
import { regressionMetrics } from '../metrics/regression.ts';
import { thresholdCounts } from '../metrics/threshold-counts.ts';

/** What a model said of rows whose answer is known. */
export interface ScoredRows {
  /** Class index or value. */
  readonly labels: Float32Array;
  readonly predictions: Float64Array;
  /** One array per class; empty for regression. */
  readonly probabilities: readonly Float32Array[];
}

interface Predicts {
  predict(batch: RecordBatch): Promise<{ readonly predictions: Float64Array; readonly probabilities: readonly Float32Array[] }>;
}

/** Predicts batch by batch; the batches have as many rows as there are labels. INVALID_DATA when the model has no answer for a row: no metric is defined then. */
export async function scoreRows(model: Predicts, batches: AsyncIterable<RecordBatch>, labels: Float32Array): Promise<ScoredRows> {
  const predictions = new Float64Array(labels.length);
  let probabilities: readonly Float32Array[] = [];
  let row = 0;
  for await (const batch of batches) {
    const said = await model.predict(batch);
    if (row === 0) probabilities = said.probabilities.map(() => new Float32Array(labels.length));
    predictions.set(said.predictions, row);
    said.probabilities.forEach((values, index) => probabilities[index]?.set(values, row));
    row += batch.rowCount;
  }
  if (row !== labels.length) throw new RangeError(`${row} rows were scored, but there are ${labels.length} labels`);
  refuseNoAnswer({ predictions, probabilities });
  return { labels, predictions, probabilities };
}

/** A linear model answers NaN where a value is missing that no step replaces. */
function refuseNoAnswer({ predictions, probabilities }: Omit<ScoredRows, 'labels'>): void {
  const rows = Array.from(predictions.keys()).filter((row) => !Number.isFinite(predictions[row]) || probabilities.some((values) => !Number.isFinite(values[row])));
  if (rows.length === 0) return;
  throw new PipelineError('INVALID_DATA', `the model has no finite answer for ${rows.length} of ${predictions.length} rows (row ${rows[0]} is the first): it takes a column that is missing or infinite there. Add an impute step for its columns, or leave such rows out of the spine.`);
}

/** The metrics of every part (`training`, `validation`, `test`), and the curves of the test part where the task has them. */
export function describeQuality(taskType: TaskType, metricNames: readonly string[], classes: readonly string[], parts: Readonly<Record<string, ScoredRows>>): EvaluationReport {
  const names = metricNames.filter(isMetricName);
  const metricsOf = ({ labels, predictions, probabilities }: ScoredRows): Record<string, number> =>
    taskType === 'classification' ? classificationMetrics(names, { labels, predictions, probabilities }) : regressionMetrics(names, { targets: labels, predictions });
  const entries = Object.entries(parts);
  const test = parts['test'];
  return {
    taskType,
    metrics: Object.fromEntries(entries.map(([part, rows]) => [part, metricsOf(rows)])),
    rows: Object.fromEntries(entries.map(([part, { labels }]) => [part, labels.length])),
    ...(taskType === 'classification' && test !== undefined ? curves(classes, test) : {}),
  };
}

function curves(classes: readonly string[], { labels, predictions, probabilities }: ScoredRows): Pick<EvaluationReport, 'roc' | 'calibration' | 'confusion'> {
  const roc: Record<string, RocPoints> = {};
  const calibration: Record<string, readonly CalibrationBin[]> = {};
  classes.forEach((label, index) => {
    if (classes.length === 2 && index === 0) return;
    const scores = probabilities[index] ?? new Float32Array();
    const isPositive = (row: number): boolean => labels[row] === index;
    const points = rocCurve(thresholdCounts(scores, isPositive));
    roc[label] = { falsePositiveRate: points.map((point) => point.falsePositiveRate), truePositiveRate: points.map((point) => point.truePositiveRate) };
    calibration[label] = calibrationBins(scores, isPositive).map(({ meanProbability, share, rows }) => ({ predicted: meanProbability, observed: share, rows }));
  });
  return { roc, calibration, confusion: { classes, counts: confusionMatrix(labels, predictions, classes.length) } };
}
