import { PipelineError, refuseProblems, type Problem } from '../../domain/errors.ts';
import type { RowRange } from '../../domain/data/dataset-ref.ts';
import { withDefaults } from '../../domain/model/estimators.ts';
import type { TrainingProgress } from '../../ports/trainer.ts';
import type { LabelledRows, TrainingJob } from '../../ports/training-library.ts';
import { openNpy, type NpyReader } from '../file/npy.ts';
import { balancedWeights } from './balanced-weights.ts';
import type { ChildTask } from './messages.ts';

/** Reads the rows that a request names, and nothing else of the files. INVALID_INPUT when the request and the files do not fit; INVALID_DATA when labels cannot be learnt from. */
export async function readJob(request: ChildTask['request'], onProgress: (progress: TrainingProgress) => Promise<void>): Promise<TrainingJob> {
  const matrix = await openNpy(request.matrixPath);
  const labels = await openNpy(request.labelsPath);
  try {
    refuseProblems('INVALID_INPUT', 'The training request does not fit its files:', misfits(request, matrix, labels));
    const read = async (range: RowRange): Promise<LabelledRows> => ({ rows: range.end - range.start, matrix: await matrix.rows(range), labels: await labels.rows(range) });
    const training = await read(request.trainingRows);
    const validation = await read(request.validationRows);
    checkLabels(request.classes, training, validation);
    const { estimator, columns, classes, threads, outputFolder } = request;
    const hyperparameters = withDefaults(estimator, request.hyperparameters);
    const weighted = hyperparameters['class_weight'] === 'balanced' ? { ...training, weights: balancedWeights(training.labels, classes) } : training;
    return { estimator, columns, classes, threads, outputFolder, hyperparameters, training: weighted, validation, onProgress };
  } finally {
    await matrix.close();
    await labels.close();
  }
}

function misfits({ columns, classes, taskType, trainingRows, validationRows, threads }: ChildTask['request'], matrix: NpyReader, labels: NpyReader): readonly Problem[] {
  const [rows = 0, width] = matrix.shape;
  const problems: Problem[] = [];
  const problem = (path: string, message: string): number => problems.push({ path, message });
  if (matrix.shape.length !== 2 || width !== columns.length) problem('columns', `names ${columns.length} columns, but the matrix has the shape [${matrix.shape.join(', ')}].`);
  if (labels.shape.length !== 1 || labels.shape[0] !== rows) problem('labelsPath', `has the shape [${labels.shape.join(', ')}], but the matrix has ${rows} rows.`);
  if (columns.length === 0) problem('columns', 'is empty: there is nothing to learn from.');
  for (const [path, range, least] of [['trainingRows', trainingRows, 1], ['validationRows', validationRows, 0]] as const) {
    if (!(range.start >= 0 && range.end >= range.start + least && range.end <= rows)) problem(path, `is ${range.start} to ${range.end}, of ${rows} rows.`);
  }
  if (taskType === 'classification' ? classes < 2 : classes !== 0) problem('classes', `is ${classes}, for the task type ${taskType}.`);
  if (!(Number.isInteger(threads) && threads >= 1)) problem('threads', `is ${threads}, not a whole number of at least 1.`);
  return problems;
}

function checkLabels(classes: number, training: LabelledRows, validation: LabelledRows): void {
  const good = (label: number): boolean => (classes === 0 ? Number.isFinite(label) : Number.isInteger(label) && label >= 0 && label < classes);
  for (const [name, { labels }] of [['training', training], ['validation', validation]] as const) {
    const at = labels.findIndex((label) => !good(label));
    if (at >= 0) throw new PipelineError('INVALID_DATA', `The label of ${name} row ${at} is ${classes === 0 ? 'missing or not finite' : `not a class index from 0 to ${classes - 1}`}. Leave rows without a label out of the spine.`);
  }
  const first = training.labels[0];
  if (classes > 0 && training.labels.every((label) => label === first)) throw new PipelineError('INVALID_DATA', `All ${training.rows} training rows have the same class (index ${first}): there is nothing to tell apart. Take a longer period or another target.`);
}
