import assert from 'node:assert/strict';
import { join } from 'node:path';
import fc from 'fast-check';
import { createOnnxModelGraphs } from '../../../adapters/onnx/model-graphs.ts';
import { PipelineError } from '../../../domain/errors.ts';
import type { FittedPreprocessor } from '../../../domain/model/preprocessor.ts';
import { batchOf, inFolder } from './fixtures.ts';
import { preprocess } from './oracle.ts';
import type { RawRow } from './oracle.ts';

const graphs = createOnnxModelGraphs();

async function transform(preprocessor: FittedPreprocessor, rows: readonly RawRow[]): Promise<{ matrix: Float32Array; single: Float32Array[] }> {
  return inFolder(async (folder) => {
    const path = join(folder, 'preprocessing.onnx');
    await graphs.writePreprocessing(preprocessor, path);
    const graph = await graphs.openPreprocessing(path);
    try {
      const single: Float32Array[] = [];
      for (const row of rows) single.push(await graph.transform(batchOf(preprocessor, [row])));
      return { matrix: await graph.transform(batchOf(preprocessor, rows)), single };
    } finally {
      await graph.close();
    }
  });
}

const finite = fc.float({ noNaN: true, noDefaultInfinity: true });
const scale = fc.float({ min: Math.fround(1e-6), max: Math.fround(1e6), noNaN: true });
const category = fc.oneof(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 5 }), fc.constantFrom('AA', 'UA', '\u{1F6EB}', '\uFFFD', 'prediction', ' '));

/** Numbers a, b, c (c encoded by value), texts s, t; steps in one of two orders. */
const preprocessors: fc.Arbitrary<FittedPreprocessor> = fc
  .record({
    impute: fc.dictionary(fc.constantFrom('a', 'b', 'c'), finite),
    mean: fc.dictionary(fc.constantFrom('a', 'b'), finite),
    scale: fc.record({ a: scale, b: scale }),
    s: fc.uniqueArray(category, { minLength: 1, maxLength: 6 }),
    t: fc.uniqueArray(category, { minLength: 1, maxLength: 3 }),
    c: fc.uniqueArray(fc.integer({ min: -20, max: 20 }), { minLength: 1, maxLength: 5 }),
    standardizeFirst: fc.boolean(),
  })
  .map(({ impute, mean, scale, s, t, c, standardizeFirst }) => {
    const standardize = { type: 'standardize', mean, scale: Object.fromEntries(Object.keys(mean).map((name) => [name, scale[name as 'a']])) } as const;
    const imputation = { type: 'impute', values: impute } as const;
    const categories = { t, c: c.map(String), s };
    const oneHot = { type: 'one_hot', categories, handleUnknown: 'ignore' } as const;
    return {
      inputs: [{ name: 's', type: 'string', origin: 'entity' }, { name: 'a', type: 'number', origin: 'feature' }, { name: 'c', type: 'number', origin: 'request' }, { name: 'b', type: 'number', origin: 'feature' }, { name: 't', type: 'string', origin: 'request' }],
      steps: standardizeFirst ? [standardize, imputation, oneHot] : [imputation, oneHot, standardize],
      outputColumns: ['a', 'b', ...Object.entries(categories).flatMap(([name, values]) => values.map((value) => `${name}=${value}`))],
    };
  });

function rawRow(preprocessor: FittedPreprocessor): fc.Arbitrary<RawRow> {
  const number = fc.oneof(fc.float(), fc.constantFrom(Number.NaN, -0, 0, Infinity, -Infinity), fc.integer({ min: -20, max: 20 }));
  const step = preprocessor.steps.find((candidate) => candidate.type === 'one_hot')!;
  const text = (name: string) => fc.oneof(fc.constantFrom(...step.categories[name]!), fc.constant(null), category);
  return fc.record({ a: number, b: number, c: number, s: text('s'), t: text('t') });
}

describe('preprocessing as an ONNX graph', () => {
  it('gives what the steps say, to the bit, a row alone like the same row among others', async () => {
    const cases = preprocessors.chain((preprocessor) => fc.array(rawRow(preprocessor), { minLength: 1, maxLength: 12 }).map((rows) => ({ preprocessor, rows })));
    await fc.assert(fc.asyncProperty(cases, async ({ preprocessor, rows }) => {
      const { matrix, single } = await transform(preprocessor, rows);
      const columns = preprocessor.outputColumns.length;
      assert.equal(matrix.length, rows.length * columns);
      rows.forEach((row, i) => {
        const expected = preprocess(preprocessor, row);
        expected.forEach((value, j) => assert.ok(Object.is(matrix[i * columns + j]! + 0, value + 0), `${preprocessor.outputColumns[j]} is ${matrix[i * columns + j]}, not ${value}`));
        single[i]!.forEach((value, j) => assert.ok(Object.is(value, matrix[i * columns + j])));
      });
    }), { numRuns: 80 });
  });

  it('takes integers, booleans, times and nulls as float32, rounded once', async () => {
    const names = ['count', 'flag', 'id', 'price', 'when'] as const;
    const preprocessor: FittedPreprocessor = { inputs: names.map((name) => ({ name, type: 'number', origin: 'feature' })), steps: [], outputColumns: names };
    await inFolder(async (folder) => {
      await graphs.writePreprocessing(preprocessor, join(folder, 'p.onnx'));
      const graph = await graphs.openPreprocessing(join(folder, 'p.onnx'));
      const matrix = await graph.transform({ rowCount: 2, columns: [
        { name: 'when', type: 'Timestamp', values: Float64Array.of(1.7e15 + 1, 0), nulls: null },
        { name: 'extra', type: 'String', values: ['x', 'y'], nulls: null },
        { name: 'id', type: 'Int64', values: BigInt64Array.of(9007199254740993n, 0n), nulls: Uint8Array.of(0, 1) },
        { name: 'price', type: 'Float64', values: Float64Array.of(0.1, Number.NaN), nulls: null },
        { name: 'flag', type: 'Bool', values: Uint8Array.of(1, 0), nulls: null },
        { name: 'count', type: 'Int32', values: Int32Array.of(16777217, 0), nulls: Uint8Array.of(0, 1) },
      ] });
      await graph.close();
      const nan = Number.NaN;
      assert.deepEqual([...matrix], [16777216, 1, 9007199254740992, Math.fround(0.1), Math.fround(1.7e15), nan, 0, nan, nan, 0]);
    });
  });

  it('cuts a large batch into runs without a seam', async () => {
    const preprocessor: FittedPreprocessor = {
      inputs: [{ name: 'x', type: 'number', origin: 'request' }], steps: [{ type: 'impute', values: { x: 7 } }], outputColumns: ['x'],
    };
    await inFolder(async (folder) => {
      await graphs.writePreprocessing(preprocessor, join(folder, 'p.onnx'));
      const graph = await graphs.openPreprocessing(join(folder, 'p.onnx'));
      const values = Float64Array.from({ length: 25_001 }, (_, i) => (i % 3 === 0 ? Number.NaN : i));
      const matrix = await graph.transform({ rowCount: values.length, columns: [{ name: 'x', type: 'Float64', values, nulls: null }] });
      const none = await graph.transform({ rowCount: 0, columns: [{ name: 'x', type: 'Float64', values: new Float64Array(0), nulls: null }] });
      await graph.close();
      assert.deepEqual(matrix, Float32Array.from(values, (value) => (Number.isNaN(value) ? 7 : value)));
      assert.equal(none.length, 0);
    });
  });

  it('refuses an unseen or missing category where the step says error, and names the column', async () => {
    const preprocessor: FittedPreprocessor = {
      inputs: [{ name: "carrier's", type: 'string', origin: 'request' }],
      steps: [{ type: 'one_hot', categories: { "carrier's": ['AA', 'UA'] }, handleUnknown: 'error' }], outputColumns: ["carrier's=AA", "carrier's=UA"],
    };
    assert.deepEqual([...(await transform(preprocessor, [{ "carrier's": 'UA' }, { "carrier's": 'AA' }])).matrix], [0, 1, 1, 0]);
    for (const carrier of ['XX', null]) {
      await assert.rejects(transform(preprocessor, [{ "carrier's": carrier }]), (error) => error instanceof PipelineError && error.code === 'INVALID_DATA' && /column carrier's holds/u.test(error.message));
    }
  });

  it('names every column that the rows lack or have in another type', async () => {
    const preprocessor: FittedPreprocessor = {
      inputs: [{ name: 'a', type: 'number', origin: 'feature' }, { name: 's', type: 'string', origin: 'feature' }],
      steps: [{ type: 'one_hot', categories: { s: ['x'] }, handleUnknown: 'ignore' }], outputColumns: ['a', 's=x'],
    };
    await inFolder(async (folder) => {
      await graphs.writePreprocessing(preprocessor, join(folder, 'p.onnx'));
      const graph = await graphs.openPreprocessing(join(folder, 'p.onnx'));
      const batch = { rowCount: 1, columns: [{ name: 's', type: 'Int32', values: Int32Array.of(1), nulls: null }] } as const;
      await assert.rejects(graph.transform(batch), (error) => error instanceof PipelineError && error.problems.map(({ path }) => path).join() === 'a,s');
      await graph.close();
    });
  });
});
