import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Preparation } from '../../../activities/prepare-matrix.ts';
import { readJson } from '../../../activities/run-files.ts';
import type { DatasetRef } from '../../../domain/data/dataset-ref.ts';
import type { FittedPreprocessor } from '../../../domain/model/preprocessor.ts';
import type { MatrixRef } from '../../../ports/matrix-store.ts';
import type { RealData, RecipeKey } from '../../support/real-data.ts';

/** Predictions of a data set's rows as files of plain numbers: the probability of class 1 or the value, and the label (int8, 0 for values). */
export interface PredictionFiles {
  readonly predictions: string;
  readonly dtype: 'float32' | 'float64';
  readonly label_file: string;
}

const predicted = new Map<string, Promise<PredictionFiles>>();

/** Runs the model's graph over the raw columns of the rows, batch by batch; once for all tests that ask. */
export function predictInNode(data: RealData, key: RecipeKey, rows: DatasetRef): Promise<PredictionFiles> {
  const name = `${key}-${rows.hash.slice(0, 16)}`;
  const known = predicted.get(name) ?? predictRows(data, key, rows, name);
  predicted.set(name, known);
  return known;
}

async function predictRows({ ports, folder, models }: RealData, key: RecipeKey, rows: DatasetRef, name: string): Promise<PredictionFiles> {
  const session = await ports.modelGraphs.openModel(await ports.artifactStore.localPath(models[key].trained.graphUri));
  const isClass = session.classes.length > 0;
  const values = isClass ? new Float32Array(rows.rowCount) : new Float64Array(rows.rowCount);
  const labels = new Int8Array(rows.rowCount);
  let row = 0;
  for await (const batch of ports.datasetStore.read(rows, { columns: session.inputs.map((input) => input.name) })) {
    const { predictions, probabilities } = await session.predict(batch);
    values.set(isClass ? probabilities[1]! : predictions, row);
    if (isClass) labels.set(Array.from(predictions, (index) => Number(session.classes[index])), row);
    row += batch.rowCount;
  }
  await session.close();
  return writePredictions(join(folder, name), values, labels);
}

/** Two files whose names begin with `path`. */
export async function writePredictions(path: string, values: Float32Array | Float64Array, labels: Int8Array): Promise<PredictionFiles> {
  const files: PredictionFiles = { predictions: `${path}.predictions`, dtype: values instanceof Float32Array ? 'float32' : 'float64', label_file: `${path}.labels` };
  await writeFile(files.predictions, values);
  await writeFile(files.label_file, labels);
  return files;
}

/** What the model's preprocessing learnt. */
export async function preprocessorOf({ ports, models }: RealData, key: RecipeKey): Promise<FittedPreprocessor> {
  return (await readJson<Preparation>(ports.artifactStore, models[key].matrix.preparationUri)).preprocessor;
}

/** The matrix of the rows, made by the preprocessing graph as for a training; its local path. */
export async function matrixInNode(data: RealData, key: RecipeKey, rows: DatasetRef): Promise<string> {
  const { ports, folder } = data;
  const preprocessor = await preprocessorOf(data, key);
  const name = `${key}-${rows.hash.slice(0, 16)}`;
  const path = join(folder, `${name}.onnx`);
  await ports.modelGraphs.writePreprocessing(preprocessor, path);
  const graph = await ports.modelGraphs.openPreprocessing(path);
  const chunks = async function* (): AsyncIterable<Float32Array> {
    for await (const batch of ports.datasetStore.read(rows, { columns: preprocessor.inputs.map((input) => input.name) })) yield await graph.transform(batch);
  };
  const ref: MatrixRef = { uri: ports.artifactStore.uri(`tests/${name}.npy`), rows: rows.rowCount, columns: preprocessor.outputColumns.length };
  await ports.matrixStore.write(ref, chunks());
  await graph.close();
  return ports.artifactStore.localPath(ref.uri);
}
