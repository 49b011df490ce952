import assert from 'node:assert/strict';
import { join } from 'node:path';
import { createOnnxModelGraphs } from '../../../adapters/onnx/model-graphs.ts';
import { createTrainer } from '../../../adapters/trainers/trainer.ts';
import type { RecordBatch } from '../../../domain/data/columns.ts';
import { ESTIMATORS } from '../../../domain/model/estimators.ts';
import type { FittedModel } from '../../../domain/model/fitted-model.ts';
import type { TrainRequest } from '../../../ports/trainer.ts';
import { plainNumbers } from '../onnx/fixtures.ts';
import { linked, rawOutputs } from '../onnx/oracle.ts';
import { requestFor, synthesize, type Synthetic } from './synthetic.ts';

const library = process.env['ML_PIPELINE_LIGHTGBM'];
const trainer = createTrainer(library === undefined ? {} : { lightgbmLibrary: library });
const graphs = createOnnxModelGraphs();
const ROWS = 2000;

interface Answers {
  readonly model: FittedModel;
  readonly predictions: Float64Array;
  readonly probabilities: readonly Float32Array[];
}

/** Trains on all columns as they are, and predicts the same rows by the graph of the trained model. */
async function answersOf(data: Synthetic, estimator: string, hyperparameters: TrainRequest['hyperparameters'], classes: number): Promise<Answers> {
  const { request, remove } = await requestFor(data, estimator, hyperparameters, classes);
  try {
    const { fitted: model } = await trainer.train(request);
    const preprocessor = plainNumbers(data.columns.length);
    const path = join(request.outputFolder, 'model.onnx');
    await graphs.writeModel({ preprocessor, model, classes: Array.from({ length: classes }, (_, k) => `class ${k}`) }, path);
    const session = await graphs.openModel(path);
    const columns = preprocessor.inputs.map(({ name }, j) => ({ name, type: 'Float32' as const, values: Float32Array.from({ length: data.rows }, (_, i) => data.matrix[i * data.columns.length + j]!), nulls: null }));
    const batch: RecordBatch = { rowCount: data.rows, columns };
    const answers = await session.predict(batch);
    await session.close();
    return { model, ...answers };
  } finally {
    await remove();
  }
}

const rowOf = (data: Synthetic, i: number): number[] => [...data.matrix.subarray(i * data.columns.length, (i + 1) * data.columns.length)];

/** Each row's answer is the oracle's of the fitted model; probabilities lie in [0, 1], add up to 1, and the label is the first of the greatest. */
function checkAnswers(data: Synthetic, { model, predictions, probabilities }: Answers, classes: number): void {
  for (let i = 0; i < data.rows; i++) {
    const expected = linked(model, rawOutputs(model, rowOf(data, i)));
    if (classes === 0) {
      assert.ok(Math.abs(predictions[i]! - expected[0]!) <= 1e-6 * (1 + Math.abs(expected[0]!)), `row ${i}: ${predictions[i]} by the graph, ${expected[0]} by the trees`);
      continue;
    }
    const given = probabilities.map((ofClass) => ofClass[i]!);
    given.forEach((value, k) => assert.ok(value >= 0 && value <= 1 && Math.abs(value - expected[k]!) < 1e-6, `row ${i}, class ${k}: ${value} by the graph, ${expected[k]} by the model`));
    assert.ok(Math.abs(given.reduce((a, b) => a + b) - 1) < 1e-6, `row ${i} adds up to ${given.reduce((a, b) => a + b)}`);
    assert.equal(predictions[i], given.indexOf(Math.max(...given)), `row ${i}`);
  }
}

function shareRight(data: Synthetic, predictions: Float64Array): number {
  return data.labels.reduce((sum, label, i) => sum + (label === predictions[i] ? 1 : 0), 0) / data.rows;
}

const SMALL: Readonly<Record<string, TrainRequest['hyperparameters']>> = {
  RandomForestClassifier: { n_estimators: 12, max_depth: 7, max_features: 0.5 },
  RandomForestRegressor: { n_estimators: 12, max_depth: 7, max_features: 0.5 },
  LGBMClassifier: { n_estimators: 12, num_leaves: 15 },
  LGBMRegressor: { n_estimators: 40, num_leaves: 15 },
};

describe('from training to the graph that serves', function () {
  this.timeout(120_000);

  for (const [name, { taskTypes, library: by }] of Object.entries(ESTIMATORS)) {
    const missing = by === 'lightgbm' ? 0.1 : 0;
    for (const classes of taskTypes.includes('classification') ? [2, 3] : [0]) {
      it(`${name} ${classes === 0 ? 'predicts numbers' : `of ${classes} classes gives probabilities`} that the graph repeats row by row${missing > 0 ? ', missing values included' : ''}`, async () => {
        const data = synthesize(ROWS, { classes, missing });
        const answers = await answersOf(data, name, SMALL[name] ?? {}, classes);
        checkAnswers(data, answers, classes);
        if (classes > 0) assert.ok(shareRight(data, answers.predictions) > (classes === 2 ? 0.7 : 0.55), `${shareRight(data, answers.predictions)} of the rows right`);
        else assert.ok(new Set(answers.predictions).size > 20 && correlation(data.labels, answers.predictions) > 0.6, `correlation ${correlation(data.labels, answers.predictions)}`);
      });
    }
  }

  it('a tree that separates missing values from all others has an infinite threshold, which the graph keeps', async () => {
    const data = onlyMissingTells();
    const answers = await answersOf(data, 'LGBMClassifier', { n_estimators: 3 }, 2);
    assert.ok(answers.model.kind === 'trees' && answers.model.trees.every((tree) => tree.threshold[0] === Infinity));
    checkAnswers(data, answers, 2);
    assert.equal(shareRight(data, answers.predictions), 1);
  });

  it('a model that finds nothing to split answers every row with what the training rows have in common', async () => {
    for (const [name, classes] of [['LGBMClassifier', 2], ['LGBMClassifier', 3], ['LGBMRegressor', 0], ['RandomForestClassifier', 3], ['RandomForestRegressor', 0]] as const) {
      const data = synthesize(400, { classes, missing: 0.2 });
      const answers = await answersOf(data, name, { n_estimators: 4, ...(name.startsWith('LGBM') ? { min_child_samples: 1000 } : { min_samples_leaf: 1000 }) }, classes);
      checkAnswers(data, answers, classes);
      const training = [...data.labels.subarray(0, 320)];
      if (classes === 0) assert.ok(Math.abs(answers.predictions[0]! - training.reduce((a, b) => a + b) / 320) < 1e-4, `${name}: ${answers.predictions[0]}`);
      else for (let k = 0; k < classes; k++) assert.ok(Math.abs(answers.probabilities[k]![0]! - training.filter((label) => label === k).length / 320) < 1e-4, `${name}, class ${k}: ${answers.probabilities[k]![0]}`);
      assert.equal(new Set(answers.predictions).size, 1);
    }
  });
});

/** The label says whether the first value is missing; nothing else tells. */
function onlyMissingTells(): Synthetic {
  const { rows, columns, matrix } = synthesize(400, { classes: 2 });
  const width = columns.length;
  const labels = Float32Array.from({ length: rows }, (_, i) => i % 2);
  for (let i = 0; i < rows; i++) if (labels[i] === 1) matrix[i * width] = NaN;
  return { rows, columns, matrix, labels };
}

function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const mean = (values: ArrayLike<number>): number => Array.from(values).reduce((x, y) => x + y, 0) / values.length;
  const [ma, mb] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) [ab, aa, bb] = [ab + (a[i]! - ma) * (b[i]! - mb), aa + (a[i]! - ma) ** 2, bb + (b[i]! - mb) ** 2];
  return ab / Math.sqrt(aa * bb);
}
