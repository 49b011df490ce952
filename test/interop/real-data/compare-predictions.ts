import assert from 'node:assert/strict';
import type { DatasetRef } from '../../../domain/data/dataset-ref.ts';
import type { RealData, RecipeKey } from '../../support/real-data.ts';
import { preprocessorOf, type PredictionFiles } from './node-predictions.ts';
import { askPython } from './python.ts';

/** How far predictions are from those of the library and of mlflow.pyfunc: the greatest difference of any row, of values above 1 relative to the value. */
export interface Equality {
  readonly rows: number;
  readonly 'rows with a missing value': number;
  readonly distinct: number;
  readonly cells: number;
  readonly 'cells that differ': number;
  readonly 'from the library': number;
  readonly 'from pyfunc': number;
  readonly 'labels of pyfunc that differ': number;
  readonly 'labels of the library that differ': number;
}

/** Holds predictions of the rows against mlflow.pyfunc on their raw columns and the model's own library on the matrix, which preprocessing made of the rows (a local path). */
export async function comparePredictions(data: RealData, key: RecipeKey, rows: DatasetRef, matrix: string, predictions: PredictionFiles): Promise<Equality> {
  const { ports, folder, models } = data;
  const { result, trained, matrix: prepared } = models[key];
  return askPython<Equality>({
    command: 'equality',
    parquet: await ports.artifactStore.localPath(rows.uri),
    matrix,
    preparation: await preprocessorOf(data, key),
    library: await ports.artifactStore.localPath(trained.libraryFiles[0]!.uri),
    classes: prepared.classes.length > 0,
    tracking_uri: `file://${folder}/mlruns`,
    model_uri: result.modelUri,
    ...predictions,
  });
}

/** Nothing further away than `tolerance`, no label another, no cell of the matrix another; and the predictions do differ among themselves. */
export function assertEqual(found: Equality, tolerance: number): void {
  const told = JSON.stringify(found);
  assert.ok(found['from the library'] <= tolerance && found['from pyfunc'] <= tolerance, told);
  assert.equal(found['labels of pyfunc that differ'], 0, told);
  assert.equal(found['cells that differ'], 0, told);
  assert.ok(found.distinct > 1000, told);
}
