import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { join } from 'node:path';
import { createTrainer } from '../../adapters/trainers/trainer.ts';
import type { FittedModel } from '../../domain/model/fitted-model.ts';
import type { TrainedModel, TrainRequest } from '../../ports/trainer.ts';
import { evaluateTrees } from '../adapters/lightgbm/evaluate-trees.ts';
import { requestFor, synthesize, type Synthetic } from '../adapters/trainers/synthetic.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const PYTHON = join(process.env['ML_PIPELINE_TOOLS'] ?? join(ROOT, '.tools'), 'interop', 'bin', 'python');

type Answer = Record<string, unknown>;

async function python(question: Answer): Promise<Answer> {
  const child = spawn(PYTHON, ['-W', 'ignore', join(import.meta.dirname, 'sklearn', 'reference.py')], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify(question, (_, value: unknown) => (value === Infinity ? 'inf' : value)));
  return JSON.parse(await text(child.stdout)) as Answer;
}

/** Trains here and asks Python about the same files; the rows from 90 % on are held out from both. */
async function compare(data: Synthetic, estimator: string, hyperparameters: TrainRequest['hyperparameters'], classes: number, command: string, theirs: Answer = hyperparameters): Promise<{ readonly model: TrainedModel; readonly answer: Answer; readonly heldOut: readonly Float32Array[] }> {
  const { request, remove } = await requestFor(data, estimator, hyperparameters, classes);
  try {
    const model = await createTrainer().train(request);
    const files = Array.from({ length: classes }, (_, k) => join(request.outputFolder, `model_${k}.txt`));
    const answer = await python({
      command, estimator, hyperparameters: theirs, matrix: request.matrixPath, labels: request.labelsPath, train: [0, request.trainingRows.end], test: [request.validationRows.end, data.rows],
      model_file: join(request.outputFolder, 'model.txt'), model_files: files,
    });
    const width = data.columns.length;
    return { model, answer, heldOut: Array.from({ length: data.rows - request.validationRows.end }, (_, k) => data.matrix.subarray((request.validationRows.end + k) * width, (request.validationRows.end + k + 1) * width)) };
  } finally {
    await remove();
  }
}

function raw(model: FittedModel, row: Float32Array): number[] {
  assert.equal(model.kind, 'trees');
  return model.kind === 'trees' ? evaluateTrees(model, row) : [];
}

function assertNear(found: Answer, expected: Answer, tolerance: number): void {
  for (const [name, value] of Object.entries(expected)) assert.ok(Math.abs(Number(found[name]) - Number(value)) <= tolerance, `${name}: ${String(found[name])} here, ${String(value)} there`);
}

describe('scikit-learn and LightGBM in Python', function () {
  this.timeout(300_000);
  before(function () {
    if (existsSync(PYTHON)) return;
    if (process.env['CI'] === 'true') throw new Error(`There is no ${PYTHON}: run scripts/install_tools.sh interop`);
    this.skip();
  });

  it('score a random forest as ours, within 0.005, and read our file to the same predictions', async () => {
    const { model, answer, heldOut } = await compare(synthesize(20_000, { classes: 2 }), 'RandomForestClassifier', { n_estimators: 100, max_depth: 12 }, 2, 'forest');
    assertNear(answer['ours'] as Answer, answer['theirs'] as Answer, 0.005);
    const predictions = answer['predictions'] as number[];
    heldOut.forEach((row, k) => assert.ok(Math.abs(raw(model.fitted, row)[0]! - predictions[k]!) < 1e-12));
  });

  it('score a random forest of small leaves on half of the columns as ours', async () => {
    const { answer } = await compare(synthesize(20_000, { classes: 2, seed: 5 }), 'RandomForestClassifier', { n_estimators: 60, min_samples_leaf: 20, max_features: 0.5, max_samples: 0.5 }, 2, 'forest');
    assertNear(answer['ours'] as Answer, answer['theirs'] as Answer, 0.005);
  });

  it('score a random forest of three classes as ours', async () => {
    const { answer } = await compare(synthesize(20_000, { classes: 3 }), 'RandomForestClassifier', { n_estimators: 60, max_depth: 10, max_features: 0.5 }, 3, 'forest_classes');
    assertNear(answer['ours'] as Answer, answer['theirs'] as Answer, 0.01);
  });

  it('score a regression forest as ours, within 1 %', async () => {
    const { answer } = await compare(synthesize(20_000, { classes: 0 }), 'RandomForestRegressor', { n_estimators: 60, max_depth: 10, max_features: 0.5 }, 0, 'forest_regressor');
    assert.ok(Math.abs(Number(answer['ours']) / Number(answer['theirs']) - 1) < 0.01, JSON.stringify(answer));
  });

  it('predict from our boosted trees what we do, missing values included', async () => {
    const { model, answer, heldOut } = await compare(synthesize(20_000, { classes: 2, missing: 0.1 }), 'LGBMClassifier', { n_estimators: 50 }, 2, 'predict');
    const predictions = answer['predictions'] as number[];
    heldOut.forEach((row, k) => assert.ok(Math.abs(1 / (1 + Math.exp(-raw(model.fitted, row)[0]!)) - predictions[k]!) < 1e-12));
    assert.deepEqual((answer['names'] as string[]).slice(11, 14), ['count_b', 'kind=0', 'kind=1']);
  });

  it('predict from our trees of several classes what we do', async () => {
    const { model, answer, heldOut } = await compare(synthesize(5000, { classes: 3, missing: 0.1 }), 'LGBMClassifier', { n_estimators: 20 }, 3, 'predict');
    const predictions = answer['predictions'] as number[][];
    heldOut.forEach((row, k) => {
      const parts = raw(model.fitted, row).map(Math.exp);
      const sum = parts.reduce((a, b) => a + b, 0);
      parts.forEach((part, j) => assert.ok(Math.abs(part / sum - predictions[k]![j]!) < 1e-12));
    });
  });

  const linear = [
    { estimator: 'LogisticRegression', classes: 2, hyperparameters: { C: 0.5, tol: 1e-8 }, theirs: { C: 0.5, tol: 1e-10, solver: 'newton-cholesky', max_iter: 1000 } },
    { estimator: 'LogisticRegression', classes: 2, hyperparameters: { penalty: null, tol: 1e-8, class_weight: 'balanced' }, theirs: { C: Infinity, tol: 1e-10, solver: 'newton-cg', max_iter: 1000, class_weight: 'balanced' }, oneCategoryLess: true },
    { estimator: 'LogisticRegression', classes: 3, hyperparameters: { C: 2, tol: 1e-8, max_iter: 500 }, theirs: { C: 2, tol: 1e-10, solver: 'newton-cholesky', max_iter: 1000 } },
    { estimator: 'LinearRegression', classes: 0, hyperparameters: {} },
    { estimator: 'LinearRegression', classes: 0, hyperparameters: { fit_intercept: false } },
    { estimator: 'Ridge', classes: 0, hyperparameters: { alpha: 50 } },
  ] as const;
  for (const { estimator, classes, hyperparameters, ...more } of linear) {
    it(`find the coefficients of ${estimator} ${JSON.stringify(hyperparameters)} for ${classes || 'no'} classes, within 1e-4`, async () => {
      const data = synthesize(20_000, { classes, seed: 9 });
      // Without a penalty the coefficients are unique only when the categories' columns do not add up to 1.
      const used = 'oneCategoryLess' in more ? withoutLastColumn(data) : data;
      const { model, answer } = await compare(used, estimator, hyperparameters, classes, 'linear', 'theirs' in more ? more.theirs : hyperparameters);
      const { fitted } = model;
      assert.ok(fitted.kind === 'linear');
      (answer['coefficients'] as number[][]).forEach((row, k) => assertNear({ ...fitted.coefficients[k] }, { ...row }, 1e-4));
      assertNear({ ...fitted.intercepts }, { ...(answer['intercepts'] as number[]) }, 1e-4);
      if (estimator === 'LogisticRegression') assert.deepEqual(model.history['train.converged'], [1]);
    });
  }
});

function withoutLastColumn(data: Synthetic): Synthetic {
  const width = data.columns.length;
  return { ...data, columns: data.columns.slice(0, -1), matrix: data.matrix.filter((_, at) => at % width !== width - 1) };
}
