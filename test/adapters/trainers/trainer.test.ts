import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { join } from 'node:path';
import { createTrainer } from '../../../adapters/trainers/trainer.ts';
import type { TrainedModel, TrainRequest } from '../../../ports/trainer.ts';
import { evaluateTrees } from '../lightgbm/evaluate-trees.ts';
import { isAlive } from '../../support/worker-process.ts';
import { requestFor, synthesize, type Synthetic } from './synthetic.ts';

const library = process.env['ML_PIPELINE_LIGHTGBM'];
const trainer = createTrainer(library === undefined ? {} : { lightgbmLibrary: library });

async function train(data: Synthetic, estimator: string, hyperparameters: TrainRequest['hyperparameters'], classes: number, changes: Partial<TrainRequest> = {}): Promise<TrainedModel & { readonly files: Readonly<Record<string, string>> }> {
  const { request, remove } = await requestFor(data, estimator, hyperparameters, classes);
  try {
    const model = await trainer.train({ ...request, ...changes });
    const names = (await readdir(request.outputFolder)).filter((name) => name.startsWith('model')).sort();
    return { ...model, files: Object.fromEntries(await Promise.all(names.map(async (name) => [name, await readFile(join(request.outputFolder, name), 'utf8')]))) };
  } finally {
    await remove();
  }
}

const rowOf = (data: Synthetic, i: number): Float32Array => data.matrix.subarray(i * data.columns.length, (i + 1) * data.columns.length);

/** Pids of the training processes that a process has. */
async function trainingChildren(pid: number): Promise<number[]> {
  const children = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).split(' ').filter((text) => text.trim() !== '').map(Number);
  const lines = await Promise.all(children.map((child) => readFile(`/proc/${child}/cmdline`, 'utf8').catch(() => '')));
  return children.filter((_, index) => lines[index]?.includes('child-main'));
}

async function gone(pid: number, withinSeconds: number): Promise<boolean> {
  for (const end = Date.now() + withinSeconds * 1000; Date.now() < end; await setTimeout(50)) if (!isAlive(pid)) return true;
  return false;
}

describe('trainer', function () {
  this.timeout(120_000);
  const binary = synthesize(4000, { classes: 2, missing: 0.05 });
  const multiclass = synthesize(4000, { classes: 3 });
  const regression = synthesize(4000, { classes: 0 });

  it('trains the same model to the byte, whatever the number of threads', async () => {
    const models = await Promise.all([1, 1, 2].map((threads) => train(binary, 'RandomForestClassifier', { n_estimators: 8, max_depth: 8, random_state: 7 }, 2, { threads })));
    assert.equal(models[0]?.files['model.txt'], models[1]?.files['model.txt']);
    assert.equal(models[0]?.files['model.txt'], models[2]?.files['model.txt']);
    const other = await train(binary, 'RandomForestClassifier', { n_estimators: 8, max_depth: 8, random_state: 8 }, 2);
    assert.notEqual(other.files['model.txt'], models[0]?.files['model.txt']);
  });

  it('makes each leaf of a forest the share of the class among its rows', async () => {
    const { fitted } = await train(binary, 'RandomForestClassifier', { n_estimators: 1, max_depth: 3, bootstrap: false, max_features: null }, 2);
    assert.ok(fitted.kind === 'trees' && fitted.link === 'share' && fitted.aggregation === 'mean' && fitted.outputs === 1);
    const groups = new Map<number, { rows: number; late: number }>();
    for (let i = 0; i < 3200; i++) {
      const [leaf] = evaluateTrees(fitted, rowOf(binary, i)) as [number];
      const group = groups.get(leaf) ?? { rows: 0, late: 0 };
      groups.set(leaf, { rows: group.rows + 1, late: group.late + binary.labels[i]! });
    }
    assert.equal(groups.size, 8);
    for (const [leaf, { rows, late }] of groups) assert.ok(Math.abs(leaf - late / rows) < 1e-6, `${leaf} against ${late} of ${rows}`);
  });

  it('gives a tree that finds no split the share of all training rows', async () => {
    const { fitted, files } = await train(binary, 'RandomForestClassifier', { n_estimators: 3, min_samples_leaf: 0.9 }, 2);
    const share = binary.labels.subarray(0, 3200).reduce((sum, label) => sum + label, 0) / 3200;
    assert.ok(fitted.kind === 'trees');
    for (const tree of fitted.trees) assert.ok(Math.abs(tree.leafValue[0]! - share) < 1e-12 && tree.leafValue.length === 1);
    assert.equal(files['model.txt']?.split('\nleaf_value=').length, 4);
  });

  it('trains one booster per class for a forest of several classes', async () => {
    const { fitted, files, libraryFiles, history } = await train(multiclass, 'RandomForestClassifier', { n_estimators: 5, max_depth: 6, max_features: 0.5 }, 3);
    assert.deepEqual(Object.keys(files), ['model_0.txt', 'model_1.txt', 'model_2.txt']);
    assert.deepEqual(libraryFiles, ['model_0.txt', 'model_1.txt', 'model_2.txt']);
    assert.ok(fitted.kind === 'trees' && fitted.outputs === 3 && fitted.trees.length === 15 && fitted.link === 'share');
    const right = Array.from({ length: 400 }, (_, k) => evaluateTrees(fitted, rowOf(multiclass, 3600 + k))).filter((scores, k) => scores.indexOf(Math.max(...scores)) === multiclass.labels[3600 + k]);
    assert.ok(right.length > 230, `${right.length} of 400 right`);
    assert.ok(history['validation.brier']!.at(-1)! < history['validation.brier']![0]!);
  });

  it('reports each iteration, a history of both parts and importances that add up to 1', async () => {
    const iterations: number[] = [];
    const { history, featureImportances, library: name, libraryVersion } = await train(binary, 'LGBMClassifier', { n_estimators: 6 }, 2, { onProgress: ({ iteration, iterations: all }) => iterations.push(iteration, all) });
    assert.deepEqual(iterations, [1, 6, 2, 6, 3, 6, 4, 6, 5, 6, 6, 6]);
    assert.deepEqual(Object.entries(history).map(([key, values]) => [key, values.length]), [['train.logloss', 6], ['validation.logloss', 6]]);
    assert.ok(Math.abs(Object.values(featureImportances ?? {}).reduce((a, b) => a + b, 0) - 1) < 1e-12);
    assert.deepEqual([name, libraryVersion], ['lightgbm', '4.7.0']);
  });

  it('stops early and keeps the best iterations', async () => {
    const { fitted, history } = await train(regression, 'LGBMRegressor', { n_estimators: 400, learning_rate: 0.5, early_stopping_rounds: 5 }, 0);
    const values = history['validation.rmse']!;
    const best = values.indexOf(Math.min(...values)) + 1;
    assert.equal(values.length, best + 5);
    assert.equal(fitted.kind === 'trees' && fitted.trees.length, best);
  });

  it('learns from the training rows alone', async () => {
    const spoilt = { ...binary, labels: binary.labels.map((label, i) => (i >= 3200 ? 1 - label : label)) };
    const [a, b] = await Promise.all([train(binary, 'LGBMClassifier', { n_estimators: 5 }, 2), train(spoilt, 'LGBMClassifier', { n_estimators: 5 }, 2)]);
    assert.equal(a.files['model.txt'], b.files['model.txt']);
    assert.notDeepEqual(a.history['validation.logloss'], b.history['validation.logloss']);
  });

  it('weighs rows for class_weight: balanced', async () => {
    const few = { ...binary, labels: binary.labels.map((label, i) => (i % 5 === 0 ? label : 0)) };
    const mean = async (weight: string | null): Promise<number> => {
      const { fitted } = await train(few, 'RandomForestClassifier', { n_estimators: 10, max_depth: 5, class_weight: weight }, 2);
      assert.ok(fitted.kind === 'trees');
      return Array.from({ length: 300 }, (_, k) => evaluateTrees(fitted, rowOf(few, 3600 + k))[0]!).reduce((a, b) => a + b, 0) / 300;
    };
    const [plain, balanced] = [await mean(null), await mean('balanced')];
    assert.ok(plain < 0.2 && balanced > 0.4 && balanced < 0.6, `${plain}, ${balanced}`);
  });

  it('refuses wrong requests with all problems', async () => {
    await assert.rejects(train(binary, 'RandomForestClassifier', { n_trees: 3, max_depth: 0 }, 2), /n_trees: is not a hyperparameter[\s\S]*max_depth: is 0/);
    await assert.rejects(train(binary, 'LGBMClassifier', {}, 2, { columns: ['a'], trainingRows: { start: 0, end: 9000 } }), { code: 'INVALID_INPUT', message: /names 1 columns[\s\S]*trainingRows: is 0 to 9000, of 4000 rows/ });
    await assert.rejects(train(binary, 'LGBMClassifier', { objective: 'multiclass' }, 2), { code: 'INVALID_INPUT', message: /objective is "multiclass"/ });
    await assert.rejects(train({ ...binary, labels: binary.labels.map((label, i) => (i === 9 ? NaN : label)) }, 'LGBMClassifier', {}, 2), { code: 'INVALID_DATA', message: /label of training row 9/ });
    await assert.rejects(train({ ...binary, labels: binary.labels.map(() => 1) }, 'LogisticRegression', {}, 2), { code: 'INVALID_DATA', message: /same class \(index 1\)/ });
  });

  it('refuses hyperparameters that LightGBM would pass over for these rows', async () => {
    await assert.rejects(train(multiclass, 'LGBMClassifier', { is_unbalance: true, early_stopping_rounds: 5 }, 3, { validationRows: { start: 3200, end: 3200 } }), { code: 'INVALID_INPUT', message: /is_unbalance: is for two classes, and the training rows have 3[\s\S]*early_stopping_rounds: needs validation rows/ });
    await assert.rejects(train(multiclass, 'LGBMClassifier', { scale_pos_weight: 3 }, 3), { code: 'INVALID_INPUT', message: /scale_pos_weight: is for two classes/ });
  });

  it('names every column that a linear model cannot take', async () => {
    await assert.rejects(train(binary, 'LogisticRegression', {}, 2), { code: 'INVALID_DATA', message: /n0: has missing[\s\S]*n1: has missing[\s\S]*n2: has missing/ });
  });

  it('says where LightGBM is missing', async () => {
    const { request, remove } = await requestFor(binary, 'LGBMClassifier', {}, 2);
    await assert.rejects(createTrainer({ lightgbmLibrary: '/nowhere/lib.so' }).train(request), { code: 'INVALID_CONFIG', message: /install_tools.sh lightgbm/ });
    await remove();
  });

  it('ends the child when the signal is aborted', async () => {
    const { request, remove } = await requestFor(binary, 'LGBMClassifier', { n_estimators: 100_000 }, 2);
    const controller = new AbortController();
    let children: Promise<number[]> | undefined;
    const reason = new Error('no longer wanted');
    const onProgress = (): void => void (children ??= trainingChildren(process.pid).finally(() => controller.abort(reason)));
    await assert.rejects(trainer.train({ ...request, signal: controller.signal, onProgress }), reason);
    const [child] = await children!;
    assert.ok(child !== undefined && !isAlive(child));
    await remove();
  });

  it('ends the child when the caller fails to take progress, and rejects with that', async () => {
    const { request, remove } = await requestFor(binary, 'LGBMClassifier', { n_estimators: 100_000 }, 2);
    const reason = new Error('nobody listens');
    const onProgress = (): void => {
      throw reason;
    };
    await assert.rejects(trainer.train({ ...request, onProgress }), reason);
    assert.deepEqual(await trainingChildren(process.pid), []);
    await remove();
  });

  it('says that the process died when it was killed, which another try may mend', async () => {
    const { request, remove } = await requestFor(binary, 'LGBMClassifier', { n_estimators: 100_000 }, 2);
    const kill = async (): Promise<void> => {
      for (const child of await trainingChildren(process.pid)) process.kill(child, 'SIGSEGV');
    };
    await assert.rejects(trainer.train({ ...request, onProgress: () => void kill() }), { code: 'PROCESS_DIED', retryable: true, message: /signal SIGSEGV/ });
    assert.ok(!existsSync(join(request.outputFolder, 'model.txt')));
    await remove();
  });

  it('leaves no child behind when its own process is killed', async () => {
    const parent = spawn(process.execPath, ['--import', 'tsx', join(import.meta.dirname, 'long-training.ts')], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const [child] = await trainingChildren(parent.pid!);
    assert.ok(child !== undefined && isAlive(child));
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    assert.ok(await gone(child, 30), `process ${child} still trains`);
    await rm(line.toString().split(' ')[0]!, { recursive: true });
  });
});
