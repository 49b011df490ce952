import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TreeEnsemble } from '../../../domain/model/fitted-model.ts';
import { findLibrary } from '../../../adapters/lightgbm/find-library.ts';
import { parseHeader, parseTree } from '../../../adapters/lightgbm/model-text.ts';
import { openNativeLibrary } from '../../../adapters/lightgbm/native-library.ts';
import { readModelFile } from '../../../adapters/lightgbm/read-model-file.ts';
import { random } from '../trainers/synthetic.ts';
import { evaluateTrees } from './evaluate-trees.ts';

const COLUMNS = 6;
const ROWS = 3000;

/** Three numbers, a column full of zeros and values near zero, and two columns of whole category codes. */
function table(rows: number, seed: number, missing: number): Float32Array {
  const next = random(seed);
  return Float32Array.from({ length: rows * COLUMNS }, (_, at) => {
    const column = at % COLUMNS;
    if (next() < missing) return NaN;
    if (column < 3) return (next() - 0.5) * 10 ** column;
    if (column === 3) return next() < 0.5 ? [0, -0, 1e-36, -1e-36, 1e-34][Math.floor(next() * 5)]! : next() - 0.5;
    return Math.floor(next() * (column === 4 ? 70 : 7));
  });
}

const target = (row: Float32Array): number => [row[0], 0.1 * row[1]!, 0.05 * row[2]!, 2 * row[3]!, Math.sin(row[4]!) * 2, row[5] === 3 ? 1 : 0].reduce((sum: number, part) => sum + (Number.isNaN(part) ? 0.3 : part!), 0);

describe('LightGBM model file', () => {
  const library = openNativeLibrary(findLibrary(process.env['ML_PIPELINE_LIGHTGBM']));
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'model-file-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const cases = [
    { name: 'numbers without missing values', parameters: 'objective=regression', missing: 0 },
    { name: 'missing values', parameters: 'objective=regression', missing: 0.1 },
    { name: 'zero as missing', parameters: 'objective=regression zero_as_missing=true', missing: 0.1 },
    { name: 'missing values not used', parameters: 'objective=regression use_missing=false', missing: 0.1 },
    { name: 'categories', parameters: 'objective=regression categorical_feature=4,5 cat_smooth=1 min_data_per_group=5 max_cat_to_onehot=2', missing: 0 },
    { name: 'categories with missing values', parameters: 'objective=regression categorical_feature=4,5 cat_smooth=1 min_data_per_group=5', missing: 0.1 },
    { name: 'a random forest', parameters: 'objective=regression boosting=rf bagging_fraction=0.6 bagging_freq=1', missing: 0.1 },
    { name: 'several classes', parameters: 'objective=multiclass num_class=3', missing: 0.1, classes: 3 },
    { name: 'two classes', parameters: 'objective=binary', missing: 0.1, classes: 2 },
    { name: 'trees of a single leaf', parameters: 'objective=regression min_gain_to_split=1e9', missing: 0 },
  ];
  for (const { name, parameters, missing, classes } of cases) {
    it(`reads trees that predict as the library does: ${name}`, async () => {
      const matrix = table(ROWS, 5, missing);
      const values = Float32Array.from({ length: ROWS }, (_, i) => target(matrix.subarray(i * COLUMNS, (i + 1) * COLUMNS)));
      const labels = classes === undefined ? values : values.map((value) => Math.max(0, Math.min(classes - 1, Math.floor(value / 2 + classes / 2))));
      const all = `${parameters} verbosity=-1 deterministic=true num_leaves=15 seed=3`;
      const dataset = library.createDataset(matrix, ROWS, COLUMNS, all);
      library.setField(dataset, 'label', labels);
      const booster = library.createBooster(dataset, all);
      for (let i = 0; i < 12; i++) library.update(booster);
      const path = join(folder, 'model.txt');
      library.save(booster, -1, path);

      const { header, trees } = await readModelFile(path);
      const outputs = classes === 3 ? 3 : 1;
      const model: TreeEnsemble = { kind: 'trees', outputs, trees, aggregation: header.averageOutput ? 'mean' : 'sum', link: 'identity' };
      assert.equal(header.treesPerIteration, outputs);
      // Values seen, not seen, missing where none was missing in training, categories never seen.
      const probe = Float32Array.from([...table(2000, 6, 0), ...table(2000, 7, 0.3), ...table(500, 8, 0).map((value) => value * 3)]);
      const rows = probe.length / COLUMNS;
      // The library's raw outputs of a forest are sums.
      const scale = header.averageOutput ? 1 / 12 : 1;
      const expected = library.predictRaw(booster, probe, rows, COLUMNS, outputs).map((value) => value * scale);
      for (let i = 0; i < rows; i++) {
        const row = probe.subarray(i * COLUMNS, (i + 1) * COLUMNS);
        evaluateTrees(model, row).forEach((value, k) => assert.ok(Math.abs(value - expected[i * outputs + k]!) <= 1e-12 * Math.max(1, Math.abs(value)), `row ${i} [${row.join(', ')}]: ${value} against ${expected[i * outputs + k]}`));
      }
      library.freeBooster(booster);
      library.freeDataset(dataset);
    });
  }

  it('refuses a file that is not a model', async () => {
    const path = join(folder, 'other.txt');
    await writeFile(path, 'tree\nversion=v2\ntree_sizes=\n\n');
    await assert.rejects(readModelFile(path), /not a LightGBM model in text format v3 or v4 \(version: v2\)/);
    await writeFile(path, 'hello');
    await assert.rejects(readModelFile(path), /has no list of trees/);
  });

  it('refuses a tree that is cut short', () => {
    assert.throws(() => parseTree('Tree=4\nnum_leaves=3\nnum_cat=0\nsplit_feature=0 1\nthreshold=1 2\ndecision_type=2 2\nleft_child=1 -1\nright_child=-2 -3\nleaf_value=1 2\n'), /Tree 4 of the LightGBM model is cut short: 3 leaves announced, 2 found/);
  });

  it('refuses linear trees', () => {
    assert.throws(() => parseTree('Tree=0\nnum_leaves=1\nleaf_value=1\nis_linear=1\n'), /linear trees/);
  });

  it('reads the header', () => {
    assert.deepEqual(parseHeader('tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nobjective=binary sigmoid:1\naverage_output\ntree_sizes=12 13'), { treesPerIteration: 1, objective: 'binary sigmoid:1', averageOutput: true, treeSizes: [12, 13] });
  });

  it('passes on what the library says', () => {
    assert.throws(() => library.createDataset(new Float32Array(4), 2, 2, 'max_bin=1'), { name: 'PipelineError', code: 'TRAINING_FAILED', message: /LightGBM refused: .*max_bin/ });
  });

  it('names the cure when the library is not where the setting says', () => {
    assert.throws(() => findLibrary('/nowhere/lib.so'), /scripts\/install_tools.sh lightgbm/);
    assert.throws(() => openNativeLibrary(import.meta.filename), { code: 'INVALID_CONFIG' });
  });
});
