import assert from 'node:assert/strict';
import type { DatasetRef } from '../../../domain/data/dataset-ref.ts';
import { RECIPE_KEYS, realData, type RealData, type RecipeKey } from '../../support/real-data.ts';
import { writeHardRows } from './hard-rows.ts';
import { matrixInNode, predictInNode, preprocessorOf } from './node-predictions.ts';
import { askPython, needsPython, noteFigures } from './python.ts';

const HARD_ROWS = 120_000;

interface Equality {
  readonly rows: number;
  readonly 'rows with a missing value': number;
  readonly distinct: number;
  readonly cells: number;
  readonly 'cells that differ': number;
  readonly 'node and library': number;
  readonly 'node and pyfunc': number;
  readonly 'labels of pyfunc that differ': number;
  readonly 'labels of the library that differ': number;
}

async function compare(data: RealData, key: RecipeKey, rows: DatasetRef, matrix: string): Promise<Equality> {
  const { ports, folder, models } = data;
  const { result, trained, matrix: prepared } = models[key];
  const found = await askPython<Equality>({
    command: 'equality',
    parquet: await ports.artifactStore.localPath(rows.uri),
    matrix,
    preparation: await preprocessorOf(data, key),
    library: await ports.artifactStore.localPath(trained.libraryFiles[0]!.uri),
    classes: prepared.classes.length > 0,
    tracking_uri: `file://${folder}/mlruns`,
    model_uri: result.modelUri,
    ...(await predictInNode(data, key, rows)),
  });
  noteFigures(`equality of ${key}`, found);
  return found;
}

function assertEqual(found: Equality, tolerance: number): void {
  const told = JSON.stringify(found);
  assert.ok(found['node and library'] <= tolerance && found['node and pyfunc'] <= tolerance, told);
  assert.equal(found['labels of pyfunc that differ'], 0, told);
  assert.equal(found['cells that differ'], 0, told);
  assert.ok(found.distinct > 1000, told);
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
      const found = await compare(data, key, trainingSet, await data.ports.artifactStore.localPath(matrix.matrix.uri));
      assert.ok(found.rows > 300_000 && found['rows with a missing value'] > 10_000, JSON.stringify(found));
      assertEqual(found, 1e-6);
    });

    it(`the ${key}'s predictions are also the same on ${HARD_ROWS} hard rows: missing values anywhere, unseen categories, numbers beside thresholds`, async () => {
      const found = await compare(data, key, hard, await matrixInNode(data, key, hard));
      assert.equal(found.rows, HARD_ROWS);
      assertEqual(found, 1e-6);
    });
  }
});
