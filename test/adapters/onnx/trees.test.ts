import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { createOnnxModelGraphs } from '../../../adapters/onnx/model-graphs.ts';
import type { Link, TreeEnsemble } from '../../../domain/model/fitted-model.ts';
import type { Predictions } from '../../../ports/model-graph.ts';
import { batchOf, inFolder, neighbour, plainNumbers, rowOf, rowsFor, treeOf } from './fixtures.ts';
import { linked, rawOutputs } from './oracle.ts';

const graphs = createOnnxModelGraphs();
const FEATURES = 4;

async function predict(model: TreeEnsemble, classes: readonly string[], rows: readonly (readonly number[])[], columns = FEATURES, { alone = true } = {}): Promise<Predictions & { single: Predictions[] }> {
  return inFolder(async (folder) => {
    const preprocessor = plainNumbers(columns);
    const path = join(folder, 'model.onnx');
    await graphs.writeModel({ preprocessor, model, classes }, path);
    const session = await graphs.openModel(path);
    try {
      const batch = await session.predict(batchOf(preprocessor, rows.map(rowOf)));
      const single: Predictions[] = [];
      for (const row of alone ? rows : []) single.push(await session.predict(batchOf(preprocessor, [rowOf(row)])));
      return { ...batch, single };
    } finally {
      await session.close();
    }
  });
}

/** Every row gives the same bits alone as among the others. */
function assertSameAlone(result: Predictions & { single: Predictions[] }): void {
  result.single.forEach((alone, row) => {
    assert.ok(Object.is(alone.predictions[0], result.predictions[row]), `row ${row}: ${alone.predictions[0]} alone, ${result.predictions[row]} in the batch`);
    alone.probabilities.forEach((values, index) => assert.ok(Object.is(values[0], result.probabilities[index]![row]), `row ${row} class ${index}`));
  });
}

function ensembleOf(outputs: number, aggregation: 'sum' | 'mean', link: Link): fc.Arbitrary<TreeEnsemble> {
  return fc.array(treeOf(FEATURES), { minLength: outputs, maxLength: 3 * outputs + 1 }).map((trees) => ({ kind: 'trees' as const, outputs, trees, aggregation, link }));
}

function withRows(ensemble: fc.Arbitrary<TreeEnsemble>): fc.Arbitrary<{ model: TreeEnsemble; rows: readonly (readonly number[])[] }> {
  return ensemble.chain((model) => rowsFor(model, FEATURES).map((rows) => ({ model, rows })));
}

describe('tree ensembles as ONNX graphs', () => {
  it('give the float32 of the sum in double, to the bit: thresholds, their neighbours, NaN, infinities, zeros, categories', async () => {
    await fc.assert(fc.asyncProperty(withRows(fc.oneof(ensembleOf(1, 'sum', 'identity'), ensembleOf(1, 'mean', 'identity'))), async ({ model, rows }) => {
      const result = await predict(model, [], rows);
      rows.forEach((row, i) => assert.equal(result.predictions[i]! + 0, Math.fround(rawOutputs(model, row)[0]!) + 0, `row ${row.join()}`));
      assertSameAlone(result);
    }), { numRuns: 100 });
  });

  for (const [link, outputs, aggregation] of [['sigmoid', 1, 'sum'], ['share', 1, 'mean'], ['softmax', 3, 'sum'], ['share', 3, 'mean']] as const) {
    it(`give probabilities within 1e-6 and a label that agrees with them: ${link}, ${outputs} output(s)`, async () => {
      const classes = outputs === 1 ? ['no', 'yes'] : ['a', 'b', 'c'];
      await fc.assert(fc.asyncProperty(withRows(ensembleOf(outputs, aggregation, link)), async ({ model, rows }) => {
        const result = await predict(model, classes, rows);
        rows.forEach((row, i) => {
          const expected = linked(model, rawOutputs(model, row));
          const given = result.probabilities.map((values) => values[i]!);
          expected.forEach((value, index) => assert.ok(Math.abs(value - given[index]!) <= 1e-6, `${value} and ${given[index]}`));
          assert.equal(result.predictions[i], given.indexOf(Math.max(...given)), `label of ${given.join()}`);
        });
        assertSameAlone(result);
      }), { numRuns: 25 });
    });
  }

  it('keep equal shares an exact tie, which the lower class wins', async () => {
    const leaf = (value: number) => ({ splitFeature: new Int32Array(0), threshold: new Float64Array(0), leftChild: new Int32Array(0), rightChild: new Int32Array(0), missing: [], categories: [], leafValue: Float64Array.of(value) });
    const trees = Array.from({ length: 100 }, (_, i) => leaf(i % 2));
    const binary = await predict({ kind: 'trees', outputs: 1, trees, aggregation: 'mean', link: 'share' }, ['no', 'yes'], [[0, 0, 0, 0]]);
    assert.deepEqual([binary.predictions[0], binary.probabilities[0]![0], binary.probabilities[1]![0]], [0, 0.5, 0.5]);
    const none = await predict({ kind: 'trees', outputs: 3, trees: [leaf(0), leaf(-1), leaf(0)], aggregation: 'sum', link: 'share' }, ['a', 'b', 'c'], [[0, 0, 0, 0]]);
    assert.deepEqual([none.predictions[0], ...none.probabilities.map((values) => values[0])], [0, ...Array<number>(3).fill(Math.fround(1 / 3))]);
  });

  it('write 400,000 leaves in good time and size, and read them back right', async () => {
    const [trees, leaves, columns] = [100, 4096, 16];
    let state = 7;
    const random = (): number => (state = (state * 1664525 + 1013904223) % 2 ** 32) / 2 ** 32;
    const full = Array.from({ length: trees }, () => ({
      splitFeature: Int32Array.from({ length: leaves - 1 }, () => Math.floor(random() * columns)),
      threshold: Float64Array.from({ length: leaves - 1 }, random),
      leftChild: Int32Array.from({ length: leaves - 1 }, (_, i) => (2 * i + 1 < leaves - 1 ? 2 * i + 1 : -(2 * i + 1 - leaves + 1) - 1)),
      rightChild: Int32Array.from({ length: leaves - 1 }, (_, i) => (2 * i + 2 < leaves - 1 ? 2 * i + 2 : -(2 * i + 2 - leaves + 1) - 1)),
      missing: Array<'zero'>(leaves - 1).fill('zero'),
      categories: Array<undefined>(leaves - 1).fill(undefined),
      leafValue: Float64Array.from({ length: leaves }, random),
    }));
    const model: TreeEnsemble = { kind: 'trees', outputs: 1, trees: full, aggregation: 'mean', link: 'identity' };
    const rows = Array.from({ length: 200 }, () => Array.from({ length: columns }, (_, i) => {
      const threshold = full[Math.floor(random() * trees)]!.threshold[Math.floor(random() * 100)]!;
      return i % 5 === 4 ? Number.NaN : i % 2 === 0 ? Math.fround(threshold) : neighbour(threshold, random() < 0.5 ? 1 : -1);
    }));
    await inFolder(async (folder) => {
      const path = join(folder, 'large.onnx');
      const start = performance.now();
      await graphs.writeModel({ preprocessor: plainNumbers(columns), model, classes: [] }, path);
      const seconds = (performance.now() - start) / 1000;
      const { size } = await stat(path);
      assert.ok(seconds < 5, `written in ${seconds} s`);
      assert.ok(size < 16e6, `${size} bytes`);
    });
    const result = await predict(model, [], rows, columns);
    const expected = rows.map((row) => Math.fround(rawOutputs(model, row)[0]!));
    assert.deepEqual([...result.predictions], expected);
    assertSameAlone(result);
    const many = await predict(model, [], Array.from({ length: 25_000 }, (_, i) => rows[i % rows.length]!), columns, { alone: false });
    many.predictions.forEach((value, i) => assert.ok(Object.is(value, expected[i % rows.length]), `row ${i} of 25,000`));
  });
});
