import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Column, RecordBatch } from '../../../domain/data/columns.ts';
import { PipelineError } from '../../../domain/errors.ts';
import type { FittedStep, InputColumn } from '../../../domain/model/preprocessor.ts';
import type { PreprocessingStep } from '../../../domain/recipe/recipe.ts';
import { fitPreprocessor } from '../../../ml/preprocessing/fit.ts';

const f = Math.fround;

function numbers(name: string, values: readonly (number | null)[]): Column {
  return { name, type: 'Float64', values: Float64Array.from(values, (value) => value ?? 0), nulls: Uint8Array.from(values, (value) => (value === null ? 1 : 0)) };
}

function texts(name: string, values: readonly (string | null)[]): Column {
  return { name, type: 'String', values: values.map((value) => value ?? ''), nulls: Uint8Array.from(values, (value) => (value === null ? 1 : 0)) };
}

async function* inBatches(...batches: readonly (readonly Column[])[]): AsyncGenerator<RecordBatch> {
  for (const columns of batches) yield { rowCount: columns[0]!.values.length, columns };
}

const x: InputColumn = { name: 'x', type: 'number', origin: 'feature' };
const y: InputColumn = { name: 'y', type: 'number', origin: 'feature' };
const s: InputColumn = { name: 's', type: 'string', origin: 'request' };
const medianOfAll: PreprocessingStep = { type: 'impute', strategy: 'median', columns: 'numeric' };
const standardizeAll: PreprocessingStep = { type: 'standardize', columns: 'numeric' };

describe('fitPreprocessor', () => {
  it('learns the exact median, of the two middle values where the count is even, over all batches', async () => {
    const rows = inBatches([numbers('x', [5, null, 1]), numbers('y', [0.1, 0.2, Number.NaN])], [numbers('x', [9, 7]), numbers('y', [null, 0.7])]);
    const fitted = await fitPreprocessor([x, y], [medianOfAll], rows);
    assert.deepEqual(fitted, { inputs: [x, y], steps: [{ type: 'impute', values: { x: 6, y: f(0.2) } }], outputColumns: ['x', 'y'] });
  });

  it('learns each step from what the steps before it make of the rows', async () => {
    const [, scaled] = (await fitPreprocessor([x], [{ type: 'impute', strategy: { constant: 4 }, columns: ['x'] }, standardizeAll], inBatches([numbers('x', [2, null, null, 6])]))).steps;
    assert.deepEqual(scaled, { type: 'standardize', mean: { x: 4 }, scale: { x: f(Math.sqrt(2)) } });
    const [, imputed] = (await fitPreprocessor([x], [standardizeAll, { type: 'impute', strategy: 'mean', columns: ['x'] }], inBatches([numbers('x', [2, null, 6])]))).steps;
    assert.deepEqual(imputed, { type: 'impute', values: { x: 0 } });
  });

  it('standardizes by the population form, and only centres a constant column', async () => {
    const [step] = (await fitPreprocessor([x, y], [standardizeAll], inBatches([numbers('x', [1, 2, 3, 4]), numbers('y', [0.1, 0.1, 0.1, null])]))).steps;
    assert.deepEqual(step, { type: 'standardize', mean: { x: 2.5, y: f(0.1) }, scale: { x: f(Math.sqrt(1.25)), y: 1 } });
  });

  it('orders categories by code point; null and empty text are missing, not categories', async () => {
    const step: PreprocessingStep = { type: 'one_hot', columns: ['s'], handle_unknown: 'ignore' };
    const fitted = await fitPreprocessor([s], [step], inBatches([texts('s', ['b', null, '\u{1F6EB}', ''])], [texts('s', ['\uFF21', 'B', 'b', 'ba'])]));
    const categories = ['B', 'b', 'ba', '\uFF21', '\u{1F6EB}'];
    assert.deepEqual(fitted.steps, [{ type: 'one_hot', categories: { s: categories }, handleUnknown: 'ignore' }]);
    assert.deepEqual(fitted.outputColumns, categories.map((category) => `s=${category}`));
  });

  it('encodes numbers by value, after imputing, behind the numbers that stay numbers', async () => {
    const steps: PreprocessingStep[] = [{ type: 'impute', strategy: { constant: -1 }, columns: ['x'] }, { type: 'one_hot', columns: ['x'], handle_unknown: 'ignore' }, standardizeAll];
    const fitted = await fitPreprocessor([x, y], steps, inBatches([numbers('x', [10, 9, null, 9, 0.1]), numbers('y', [1, 1, 1, 1, 1])]));
    assert.deepEqual(fitted.outputColumns, ['y', 'x=-1', `x=${f(0.1)}`, 'x=9', 'x=10']);
    assert.deepEqual(Object.keys((fitted.steps[2] as Extract<FittedStep, { type: 'standardize' }>).mean), ['y']);
  });

  it('gives the same result however the rows are cut into batches', async () => {
    const row = fc.record({ x: fc.option(fc.float({ noNaN: true, noDefaultInfinity: true, min: f(-1e6), max: f(1e6) })), s: fc.option(fc.string({ maxLength: 2 })) });
    const steps: PreprocessingStep[] = [{ type: 'impute', strategy: 'mean', columns: 'numeric' }, standardizeAll, { type: 'one_hot', columns: ['s'], handle_unknown: 'ignore' }];
    const columnsOf = (rows: readonly { x: number | null; s: string | null }[]) => [numbers('x', rows.map((r) => r.x)), texts('s', rows.map((r) => r.s))];
    await fc.assert(fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 20 }), fc.nat(20), async (rows, cut) => {
      const all = [...rows, { x: 1, s: 'a' }];
      const whole = await fitPreprocessor([x, s], steps, inBatches(columnsOf(all)));
      const parts = await fitPreprocessor([x, s], steps, inBatches(columnsOf(all.slice(0, cut)), columnsOf(all.slice(cut))));
      assert.deepEqual(parts, whole);
      assert.deepEqual(JSON.parse(JSON.stringify(whole)), whole);
    }));
  });

  it('tells every column that nothing can be learnt from, and refuses to learn from no rows', async () => {
    const rows = inBatches([numbers('x', [null, Number.NaN]), numbers('y', [1, Infinity]), texts('s', [null, ''])]);
    await assert.rejects(fitPreprocessor([x, y, s], [medianOfAll, standardizeAll, { type: 'one_hot', columns: ['s'], handle_unknown: 'ignore' }], rows), (error) =>
      error instanceof PipelineError && error.code === 'INVALID_DATA' && ['impute: x', 'impute: y', 'standardize: x', 'standardize: y', 'one_hot: s'].every((path) => error.message.includes(path)));
    await assert.rejects(fitPreprocessor([x], [medianOfAll], inBatches()), /no training rows/u);
    const large = inBatches([numbers('x', [1, 2 ** 24 + 2])]);
    await assert.rejects(fitPreprocessor([x], [{ type: 'one_hot', columns: ['x'], handle_unknown: 'ignore' }], large), /beyond 16777216/u);
  });
});
