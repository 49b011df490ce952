import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PipelineError } from '../../domain/errors.ts';
import type { LinearModel } from '../../domain/model/fitted-model.ts';
import type { DenseRows } from '../../ml/linear/dense-rows.ts';
import { fitLeastSquares } from '../../ml/linear/least-squares.ts';
import { fitLogisticRegression } from '../../ml/linear/logistic-regression.ts';
import type { TrainedModel } from '../../ports/trainer.ts';
import type { LabelledRows, TrainingJob, TrainingLibrary } from '../../ports/training-library.ts';

/** LogisticRegression, LinearRegression and Ridge on ml.js's `ml-matrix`. */
export function createLinearTrainingLibrary(): TrainingLibrary {
  return { train };
}

type Fit = Pick<TrainedModel, 'history'> & { readonly fitted: LinearModel };

async function train(job: TrainingJob): Promise<TrainedModel> {
  refuseMissing(job);
  const fit = job.estimator === 'LogisticRegression' ? await logistic(job) : await leastSquares(job);
  await writeModel(job, fit.fitted);
  return { ...fit, libraryFiles: ['model.json'], library: 'ml-matrix', libraryVersion: version(), featureImportances: undefined };
}

async function logistic(job: TrainingJob): Promise<Fit> {
  const { hyperparameters: values } = job;
  const iterations = Number(values['max_iter']);
  const { model, converged, trainLoss, validationLoss } = await fitLogisticRegression(dense(job, job.training), dense(job, job.validation), {
    classes: job.classes,
    C: values['penalty'] === null ? Infinity : Number(values['C']),
    fitIntercept: values['fit_intercept'] === true,
    tolerance: Number(values['tol']),
    maxIterations: iterations,
    onIteration: (iteration) => job.onProgress({ iteration, iterations }),
  });
  return { fitted: model, history: { 'train.logloss': trainLoss, ...(validationLoss.length > 0 ? { 'validation.logloss': validationLoss } : {}), 'train.converged': [converged ? 1 : 0] } };
}

async function leastSquares(job: TrainingJob): Promise<Fit> {
  const training = dense(job, job.training);
  const fitted = fitLeastSquares(training, { alpha: Number(job.hyperparameters['alpha'] ?? 0), fitIntercept: job.hyperparameters['fit_intercept'] === true });
  await job.onProgress({ iteration: 1, iterations: 1 });
  const validation = dense(job, job.validation);
  return { fitted, history: { 'train.rmse': [rmse(training, fitted)], ...(validation.rows > 0 ? { 'validation.rmse': [rmse(validation, fitted)] } : {}) } };
}

const dense = (job: TrainingJob, rows: LabelledRows): DenseRows => ({ ...rows, columns: job.columns.length });

function rmse({ rows, columns, matrix, labels }: DenseRows, { coefficients, intercepts }: LinearModel): number {
  const weights = coefficients[0] ?? new Float64Array(columns);
  let sum = 0;
  for (let i = 0, at = 0; i < rows; i++) {
    let prediction = intercepts[0] ?? 0;
    for (let j = 0; j < columns; j++, at++) prediction += (weights[j] ?? 0) * (matrix[at] ?? 0);
    sum += (prediction - (labels[i] ?? 0)) ** 2;
  }
  return Math.sqrt(sum / rows);
}

/** A linear model has no answer for a missing value. All columns that have one are named. */
function refuseMissing({ columns, training, validation }: TrainingJob): void {
  const faulty = new Set<number>();
  for (const { matrix } of [training, validation]) matrix.forEach((value, at) => Number.isFinite(value) || faulty.add(at % columns.length));
  if (faulty.size === 0) return;
  const problems = [...faulty].sort((a, b) => a - b).map((column) => ({ path: columns[column] ?? String(column), message: 'has missing or infinite values.', cure: 'Add an impute step for it to preprocessor.steps.' }));
  throw new PipelineError('INVALID_DATA', 'A linear model needs a finite number in every column:', { problems });
}

/** The library file: the model as JSON, numbers with all their digits, columns in matrix order. */
async function writeModel(job: TrainingJob, model: LinearModel): Promise<void> {
  const path = join(job.outputFolder, 'model.json');
  const content = { estimator: job.estimator, link: model.link, columns: job.columns, coefficients: model.coefficients.map((row) => [...row]), intercepts: [...model.intercepts] };
  await writeFile(`${path}.partial`, `${JSON.stringify(content, null, 1)}\n`);
  await rename(`${path}.partial`, path);
}

/** `ml-matrix` does not export its package.json; it lies beside its main file. */
function version(): string {
  const main = createRequire(import.meta.url).resolve('ml-matrix');
  return (JSON.parse(readFileSync(join(dirname(main), 'package.json'), 'utf8')) as { version: string }).version;
}
