import assert from 'node:assert/strict';
import { join } from 'node:path';
import { createApp } from '../../../api/create-app.ts';
import { holdModel } from '../../../api/model-holder.ts';
import type { FeatureStatus } from '../../../api/online-features.ts';
import type { PredictAnswer, PredictedInstance } from '../../../api/predict.ts';
import { serveApi } from '../../../api/serve.ts';
import { columnOf, type RecordBatch } from '../../../domain/data/columns.ts';
import type { DatasetRef } from '../../../domain/data/dataset-ref.ts';
import { sliceBatch } from '../../../domain/data/slice-batch.ts';
import { canonicalize, columnValue, sameValue } from '../../../domain/features/canonical.ts';
import type { FeatureValue } from '../../../domain/features/value-types.ts';
import type { RealData, RecipeKey } from '../../support/real-data.ts';
import { ENTITIES, REQUEST_COLUMNS, SELECTION } from './asked-rows.ts';
import { writePredictions, type PredictionFiles } from './node-predictions.ts';

/** As many as the API takes. */
const ROWS_PER_REQUEST = 1000;
const SILENT = { info: () => undefined, warn: () => undefined, error: console.error };
const FEATURES = SELECTION.columns.map(({ view, feature, column }) => ({ column, type: SELECTION.views.find(({ name }) => name === view)!.features.find(({ name }) => name === feature)!.type }));

export interface ServedRows {
  readonly files: PredictionFiles;
  readonly requests: number;
  readonly seconds: number;
  /** Feature values by what the API says of them; each equals, to the bit, the one that the offline join found. */
  readonly values: Readonly<Record<FeatureStatus, number>>;
}

/** Asks a server that holds the model, with the clock standing at PRESENT, about every row; fails at the first feature value that is not the row's own. */
export async function predictOverHttp({ ports, models, folder }: RealData, key: RecipeKey, rows: DatasetRef): Promise<ServedRows> {
  const { result, matrix } = models[key];
  const predicted = matrix.classes.length > 0 ? new Float32Array(rows.rowCount) : new Float64Array(rows.rowCount);
  const labels = new Int8Array(rows.rowCount);
  const values = { PRESENT: 0, NULL_VALUE: 0, NOT_FOUND: 0, OUTSIDE_MAX_AGE: 0 };
  let [row, requests] = [0, 0];
  const holder = await holdModel(ports, result.modelUri, SILENT);
  const api = await serveApi(createApp({ models: holder, onlineStore: ports.onlineStore, clock: ports.clock, log: SILENT }), holder, { host: '127.0.0.1', port: 0, log: SILENT });
  const started = performance.now();
  try {
    for await (const asked of requestsOf(ports.datasetStore.read(rows))) {
      const { model, predictions } = await post(`${api.url}/predict`, asked);
      assert.deepEqual([model.run_id, predictions.length], [result.runId, asked.rowCount]);
      countFeatures(asked, predictions, values);
      for (const { prediction, probabilities } of predictions) {
        predicted[row] = probabilities === undefined ? Number(prediction) : probabilities['1']!;
        labels[row++] = probabilities === undefined ? 0 : Number(prediction);
      }
      requests++;
    }
  } finally {
    await api.stop();
  }
  const seconds = (performance.now() - started) / 1000;
  return { files: await writePredictions(join(folder, `${key}-served`), predicted, labels), requests, seconds, values };
}

async function* requestsOf(batches: AsyncIterable<RecordBatch>): AsyncIterable<RecordBatch> {
  for await (const batch of batches) for (let start = 0; start < batch.rowCount; start += ROWS_PER_REQUEST) yield sliceBatch(batch, start, Math.min(batch.rowCount, start + ROWS_PER_REQUEST));
}

async function post(url: string, asked: RecordBatch): Promise<PredictAnswer> {
  const pick = <T>(names: readonly string[], row: number, value: (raw: FeatureValue) => T): Record<string, T> => Object.fromEntries(names.map((name) => [name, value(columnValue(columnOf(asked, name), row))]));
  const instances = Array.from({ length: asked.rowCount }, (_, row) => ({ entities: pick(ENTITIES, row, String), request: pick(REQUEST_COLUMNS, row, (raw) => (raw === null ? null : Number(raw))) }));
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ instances }) });
  if (response.status !== 200) assert.fail(`${response.status} ${await response.text()}`);
  return (await response.json()) as PredictAnswer;
}

function countFeatures(asked: RecordBatch, answers: readonly PredictedInstance[], counts: Record<FeatureStatus, number>): void {
  for (const { column, type } of FEATURES) {
    const offline = columnOf(asked, column);
    answers.forEach(({ features }, row) => {
      const { value, status } = features[column]!;
      const expected = columnValue(offline, row);
      if (!sameValue(canonicalize(type, value), expected)) assert.fail(`${column} of row ${row}: ${String(value)} online (${status}), ${String(expected)} offline`);
      counts[status]++;
    });
  }
}
