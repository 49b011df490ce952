import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import type { DatasetRef } from '../../../domain/data/dataset-ref.ts';
import { RECIPE_KEYS, realData, type RealData } from '../../support/real-data.ts';
import { joinAskedRows } from './asked-rows.ts';
import { assertEqual, comparePredictions } from './compare-predictions.ts';
import { matrixInNode, predictInNode, type PredictionFiles } from './node-predictions.ts';
import { predictOverHttp } from './predict-over-http.ts';
import { needsPython, noteFigures } from './python.ts';

async function readValues({ predictions, dtype }: PredictionFiles): Promise<Float32Array | Float64Array> {
  const { buffer } = Uint8Array.from(await readFile(predictions));
  return dtype === 'float32' ? new Float32Array(buffer) : new Float64Array(buffer);
}

/** The number of rows whose predictions are not the same to the bit. */
async function rowsThatDiffer(a: PredictionFiles, b: PredictionFiles): Promise<number> {
  const [found, expected] = await Promise.all([readValues(a), readValues(b)]);
  assert.equal(found.length, expected.length);
  let count = 0;
  found.forEach((value, row) => { if (!Object.is(value, expected[row])) count++; });
  return count;
}

describe('POST /predict for every plane, airline and airport of the year', function () {
  this.timeout(600_000);
  let data: RealData;
  let asked: DatasetRef;
  before(needsPython);
  before(async () => {
    data = await realData();
    asked = await joinAskedRows(data);
    assert.ok(asked.rowCount >= 100_000, String(asked.rowCount));
  });

  for (const key of RECIPE_KEYS) {
    it(`answers with the features of the offline join, to the bit, and with the predictions of the ${key}'s own library, the graph in Node and mlflow.pyfunc on the offline rows`, async () => {
      const { files, requests, seconds, values } = await predictOverHttp(data, key, asked);
      const found = await comparePredictions(data, key, asked, await matrixInNode(data, key, asked), files);
      const differing = await rowsThatDiffer(files, await predictInNode(data, key, asked));
      const told = { ...found, requests, seconds, 'rows that differ from the graph': differing, ...values };
      noteFigures(`the API with ${key}`, told);
      assert.equal(found.rows, asked.rowCount);
      assertEqual(found, 1e-6);
      assert.equal(differing, 0);
      assert.ok(values.PRESENT > 10 * asked.rowCount && values.NULL_VALUE > 1000 && values.NOT_FOUND > 1000, JSON.stringify(told));
    });
  }
});
