import assert from 'node:assert/strict';
import type { RecordBatch } from '../../../domain/data/columns.ts';
import { describeQuality, scoreRows } from '../../../ml/evaluation/quality.ts';

/** Says of each row that its probability of class 1 is the value of the column. */
const model = {
  predict: (batch: RecordBatch) => {
    const values = Float32Array.from(batch.columns[0]!.values as Float32Array);
    return Promise.resolve({ predictions: Float64Array.from(values, (value) => Number(value > 0.5)), probabilities: [values.map((value) => 1 - value), values] });
  },
};

async function* batchesOf(...parts: readonly (readonly number[])[]): AsyncGenerator<RecordBatch> {
  for (const values of parts) yield { rowCount: values.length, columns: [{ name: 'x', type: 'Float32', values: Float32Array.from(values), nulls: null }] };
}

describe('the quality of a model', () => {
  it('is that of all rows, however they came in batches', async () => {
    const labels = Float32Array.of(0, 1, 1, 0);
    const [whole, cut] = [await scoreRows(model, batchesOf([0.1, 0.9, 0.4, 0.6]), labels), await scoreRows(model, batchesOf([0.1], [0.9, 0.4], [0.6]), labels)];
    assert.deepEqual(cut, whole);
    const { metrics, confusion, rows } = describeQuality('classification', ['roc_auc', 'accuracy'], ['no', 'yes'], { test: cut });
    assert.deepEqual([metrics, rows, confusion?.counts], [{ test: { roc_auc: 0.75, accuracy: 0.5 } }, { test: 4 }, [[1, 1], [1, 1]]]);
  });

  it('has no area under the curve, and no curve, when all rows are of one class', async () => {
    const { metrics, roc, calibration } = describeQuality('classification', ['roc_auc', 'log_loss', 'brier'], ['no', 'yes'], { test: await scoreRows(model, batchesOf([0.5, 0.75]), Float32Array.of(1, 1)) });
    assert.deepEqual(metrics['test'], { roc_auc: NaN, log_loss: (Math.log(2) - Math.log(0.75)) / 2, brier: (0.25 + 0.0625) / 2 });
    assert.deepEqual([roc, calibration?.['yes']?.length], [{ yes: { falsePositiveRate: [], truePositiveRate: [] } }, 2]);
  });

  it('is not told of rows for which the model has no answer: they are counted, and what to do is said', async () => {
    await assert.rejects(scoreRows(model, batchesOf([0.1, 0.2], [NaN, 0.3, NaN]), Float32Array.of(0, 1, 0, 1, 1)), { code: 'INVALID_DATA', message: /no finite answer for 2 of 5 rows \(row 2 is the first\).*impute/ });
  });
});
