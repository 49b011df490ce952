import assert from 'node:assert/strict';
import type { DatasetRef } from '../../../domain/data/dataset-ref.ts';
import { RECIPE_KEYS, realData, type RealData, type RecipeKey } from '../../support/real-data.ts';
import { assertEqual, comparePredictions, type Equality } from './compare-predictions.ts';
import { writeHardRows } from './hard-rows.ts';
import { matrixInNode, predictInNode } from './node-predictions.ts';
import { needsPython, noteFigures } from './python.ts';

const HARD_ROWS = 120_000;

async function compareNode(data: RealData, key: RecipeKey, rows: DatasetRef, matrix: string): Promise<Equality> {
  const found = await comparePredictions(data, key, rows, matrix, await predictInNode(data, key, rows));
  noteFigures(`the graph of ${key} in Node`, found);
  return found;
}

describe('on every flight of the year', function () {
  this.timeout(600_000);
  let data: RealData;
  let hard: DatasetRef;
  before(needsPython);
  before(async () => {
    data = await realData();
    hard = await writeHardRows(data, HARD_ROWS);
  });

  for (const key of RECIPE_KEYS) {
    it(`the ${key}'s own library, the graph in Node and mlflow.pyfunc on raw columns predict the same`, async () => {
      const { trainingSet, matrix } = data.models[key];
      const found = await compareNode(data, key, trainingSet, await data.ports.artifactStore.localPath(matrix.matrix.uri));
      assert.ok(found.rows > 300_000 && found['rows with a missing value'] > 10_000, JSON.stringify(found));
      assertEqual(found, 1e-6);
    });

    it(`the ${key}'s predictions are also the same on ${HARD_ROWS} hard rows: missing values anywhere, unseen categories, numbers beside thresholds`, async () => {
      const found = await compareNode(data, key, hard, await matrixInNode(data, key, hard));
      assert.equal(found.rows, HARD_ROWS);
      assertEqual(found, 1e-6);
    });
  }
});
