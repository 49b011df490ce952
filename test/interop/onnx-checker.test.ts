import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createOnnxModelGraphs } from '../../adapters/onnx/model-graphs.ts';
import type { FittedModel, Tree } from '../../domain/model/fitted-model.ts';
import type { FittedPreprocessor } from '../../domain/model/preprocessor.ts';
import { modelOutputs } from '../../ml/model-outputs.ts';
import { batchOf, inFolder } from '../adapters/onnx/fixtures.ts';
import type { RawRow } from '../adapters/onnx/oracle.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PYTHON = join(process.env['ML_PIPELINE_TOOLS'] ?? join(ROOT, '.tools'), 'interop', 'bin', 'python');
const SCRIPT = join(ROOT, 'test', 'interop', 'onnx', 'check_and_run.py');

const graphs = createOnnxModelGraphs();

const preprocessor: FittedPreprocessor = {
  inputs: [{ name: 'distance', type: 'number', origin: 'request' }, { name: 'hour', type: 'number', origin: 'request' }, { name: 'carrier', type: 'string', origin: 'entity' }],
  steps: [
    { type: 'impute', values: { distance: 500, hour: 12 } },
    { type: 'one_hot', categories: { carrier: ['9E', 'AA', 'ÜA'], hour: ['5', '12'] }, handleUnknown: 'ignore' },
    { type: 'standardize', mean: { distance: 700 }, scale: { distance: 300 } },
  ],
  outputColumns: ['distance', 'carrier=9E', 'carrier=AA', 'carrier=ÜA', 'hour=5', 'hour=12'],
};

const ROWS: readonly RawRow[] = [
  { distance: 1000.1, hour: 5, carrier: 'ÜA' }, { distance: Number.NaN, hour: Number.NaN, carrier: null }, { distance: 0, hour: 7, carrier: 'XX' }, { distance: -3e9, hour: 12, carrier: '9E' },
];

function stump(leaves: readonly [number, number, number]): Tree {
  return {
    splitFeature: Int32Array.of(0, 4), threshold: Float64Array.of(0.1, 0), leftChild: Int32Array.of(1, -1), rightChild: Int32Array.of(-2, -3),
    missing: ['right', 'zeroLeft'], categories: [undefined, [1, 40]], leafValue: Float64Array.from(leaves),
  };
}
const leaf: Tree = { splitFeature: new Int32Array(0), threshold: new Float64Array(0), leftChild: new Int32Array(0), rightChild: new Int32Array(0), missing: [], categories: [], leafValue: Float64Array.of(0.3) };
const weights = Float64Array.of(0.5, -1, 1, 0.25, 2, -0.1);

const CASES: readonly (readonly [string, FittedModel, readonly string[]])[] = [
  ['trees, regression', { kind: 'trees', outputs: 1, trees: [stump([1.1, -2, 30]), leaf], aggregation: 'sum', link: 'identity' }, []],
  ['trees, two classes', { kind: 'trees', outputs: 1, trees: [stump([0.1, 0.9, 1]), stump([0, 0.2, 0.4])], aggregation: 'mean', link: 'share' }, ['no', 'yes']],
  ['trees, three classes', { kind: 'trees', outputs: 3, trees: [stump([0.1, 0.9, 1]), leaf, stump([0, 0.2, 0.4])], aggregation: 'sum', link: 'share' }, ['a b', 'a-b', 'c']],
  ['linear, regression', { kind: 'linear', coefficients: [weights], intercepts: Float64Array.of(0.7), link: 'identity' }, []],
  ['linear, two classes', { kind: 'linear', coefficients: [weights], intercepts: Float64Array.of(0.7), link: 'sigmoid' }, ['no', 'yes']],
  ['linear, three classes', { kind: 'linear', coefficients: [weights, weights.map((w) => -w), weights.map((w) => w / 3)], intercepts: new Float64Array(3), link: 'softmax' }, ['a', 'b', 'c']],
];

function runInPython(model: string): Record<string, number[]> {
  const columns = Object.fromEntries(preprocessor.inputs.map(({ name, type }) => [name, ROWS.map((row) => (type === 'string' ? row[name] ?? '' : Number.isNaN(row[name]) ? null : row[name]))]));
  const { status, stdout, stderr } = spawnSync(PYTHON, [SCRIPT], { input: JSON.stringify({ model, columns }), encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout) as Record<string, number[]>;
}

describe('graph files in Python', function () {
  this.timeout(120_000);

  before(function () {
    if (existsSync(PYTHON)) return;
    if (process.env['CI'] === 'true') assert.fail(`${PYTHON} is missing: run scripts/install_tools.sh interop`);
    this.skip();
  });

  it('pass the full check of onnx and give the matrix that Node gives', async () => {
    await inFolder(async (folder) => {
      const path = join(folder, 'preprocessing.onnx');
      await graphs.writePreprocessing(preprocessor, path);
      const graph = await graphs.openPreprocessing(path);
      const matrix = await graph.transform(batchOf(preprocessor, ROWS));
      await graph.close();
      assert.deepEqual(Float32Array.from(runInPython(path)['~matrix']!), matrix);
    });
  });

  for (const [title, model, classes] of CASES) {
    it(`pass the full check of onnx and predict in onnxruntime for Python what they predict in Node: ${title}`, async () => {
      await inFolder(async (folder) => {
        const path = join(folder, 'model.onnx');
        await graphs.writeModel({ preprocessor, model, classes }, path);
        const session = await graphs.openModel(path);
        const { predictions, probabilities } = await session.predict(batchOf(preprocessor, ROWS));
        await session.close();
        const outputs = runInPython(path);
        const [main, ...others] = modelOutputs(classes).map(({ name }) => name) as [string, ...string[]];
        assert.deepEqual(Object.keys(outputs), [main, ...others]);
        outputs[main]!.forEach((value, row) => assert.ok(Math.abs(value - predictions[row]!) <= 1e-6, `row ${row}: ${value} and ${predictions[row]}`));
        others.forEach((name, k) => outputs[name]!.forEach((value, row) => assert.ok(Math.abs(value - probabilities[k]![row]!) <= 1e-6)));
        assert.ok(new Set(classes.length === 0 ? predictions : probabilities[0]).size > 1, 'the rows are not told apart');
      });
    });
  }
});
