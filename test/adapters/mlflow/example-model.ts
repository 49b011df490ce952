import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createOnnxModelGraphs } from '../../../adapters/onnx/model-graphs.ts';
import type { RecordBatch } from '../../../domain/data/columns.ts';
import type { FittedModel } from '../../../domain/model/fitted-model.ts';
import type { FittedPreprocessor } from '../../../domain/model/preprocessor.ts';
import type { RawValue, WrappedArtifact } from '../../../domain/model/wrapped-artifact.ts';
import type { PackageRequest } from '../../../ports/model-packager.ts';

/** A small model over two numbers and a string, with missing values, as a training would leave it. */
export const PREPROCESSOR: FittedPreprocessor = {
  inputs: [
    { name: 'temp', type: 'number', origin: 'feature' },
    { name: 'distance', type: 'number', origin: 'request' },
    { name: 'carrier', type: 'string', origin: 'entity' },
  ],
  steps: [
    { type: 'impute', values: { temp: 10.5, distance: 800 } },
    { type: 'one_hot', categories: { carrier: ['AA', 'UA', 'Ü'] }, handleUnknown: 'ignore' },
    { type: 'standardize', mean: { temp: 12.25, distance: 1000 }, scale: { temp: 7.5, distance: 512 } },
  ],
  outputColumns: ['temp', 'distance', 'carrier=AA', 'carrier=UA', 'carrier=Ü'],
};

export const CLASSES = ['on time', 'late'];

export const CLASSIFIER: FittedModel = {
  kind: 'linear',
  coefficients: [Float64Array.of(0.7, -0.3, 1.1, -0.9, 0.4)],
  intercepts: Float64Array.of(0.05),
  link: 'sigmoid',
};

export const REGRESSOR: FittedModel = { ...CLASSIFIER, link: 'identity' };

/** Rows as callers send them: whole numbers, fractions, unseen and missing values. */
export const RAW_ROWS: readonly Readonly<Record<'temp' | 'distance' | 'carrier', RawValue>>[] = [
  { temp: 3.3, distance: 1400, carrier: 'AA' },
  { temp: null, distance: 229.5, carrier: 'UA' },
  { temp: -0.1, distance: null, carrier: 'Ü' },
  { temp: 1e30, distance: 0, carrier: 'unseen' },
  { temp: 17.77, distance: 16_777_217, carrier: null },
  { temp: null, distance: null, carrier: null },
];

export function rawBatch(): RecordBatch {
  const number = (name: 'temp' | 'distance') => ({
    name,
    type: 'Float64' as const,
    values: Float64Array.from(RAW_ROWS, (row) => (row[name] as number | null) ?? Number.NaN),
    nulls: Uint8Array.from(RAW_ROWS, (row) => Number(row[name] === null)),
  });
  const carrier = { name: 'carrier', type: 'String' as const, values: RAW_ROWS.map((row) => String(row.carrier ?? '')), nulls: Uint8Array.from(RAW_ROWS, (row) => Number(row.carrier === null)) };
  return { rowCount: RAW_ROWS.length, columns: [number('temp'), number('distance'), carrier] };
}

export function exampleArtifact(task: 'classification' | 'regression'): WrappedArtifact {
  return {
    taskType: task,
    inputs: PREPROCESSOR.inputs,
    classes: task === 'classification' ? CLASSES : [],
    target: 'arrived_late',
    entities: [{ joinKey: 'origin', type: 'String' }, { joinKey: 'carrier', type: 'String' }],
    features: {
      views: [{
        name: 'weather', joinKeys: [{ name: 'origin', type: 'String' }], features: [{ name: 'temp', type: 'Float64' }], ttlSeconds: 21_600,
        source: { name: 'weather', table: 'feature_mart.weather', timestampField: 'event_timestamp' }, online: true, asKnown: false,
      }],
      columns: [{ view: 'weather', feature: 'temp', column: 'temp' }],
    },
    featureService: 'flight_delay_v1',
    estimator: { classPath: 'LogisticRegression', hyperparameters: { C: 1, max_iter: 100, penalty: 'l2', l1_ratio: null }, library: 'ml-matrix', libraryVersion: '6.15.1', libraryFiles: ['model.json'] },
    recipe: { name: 'flight_delay', text: 'name: flight_delay # as written\n' },
    loader: { sourceUri: 'sql/flights_spine.sql.j2', text: "SELECT * FROM {{ source('raw', 'flights') }}\n", parameters: { days: 364 } },
    inputExample: RAW_ROWS.slice(0, 2),
    trainingProfile: [
      { column: 'temp', type: 'number', rows: 6, missing: 2, mean: 4.5, standardDeviation: 2, min: -0.1, max: 17.77, quantiles: { '0.5': 3.3 } },
      { column: 'carrier', type: 'string', rows: 6, missing: 2, distinct: 4, top: [{ value: 'AA', count: 1 }] },
    ],
    history: { 'train.log_loss': [0.69, 0.5], 'validation.log_loss': [0.69, 0.55] },
    evaluation: { taskType: task, metrics: { test: { roc_auc: 0.7 } }, rows: { test: 6 } },
    tuning: [{ number: 0, hyperparameters: { C: 1 }, state: 'complete', value: 0.7, seconds: 1.5 }],
  };
}

/** Writes the graph and the library's file into `folder`, and says how to package them. */
export async function examplePackage(folder: string, task: 'classification' | 'regression', ids: Pick<PackageRequest, 'modelId' | 'runId' | 'artifactUri'>): Promise<PackageRequest> {
  const onnxFile = join(folder, 'graph.onnx');
  const classifier = task === 'classification';
  await createOnnxModelGraphs().writeModel({ preprocessor: PREPROCESSOR, model: classifier ? CLASSIFIER : REGRESSOR, classes: classifier ? CLASSES : [] }, onnxFile);
  await writeFile(join(folder, 'model.json'), '{"coefficients":[0.7]}');
  return { ...ids, artifact: exampleArtifact(task), createdMillis: 1_700_000_000_123, onnxFile, libraryFiles: [join(folder, 'model.json')] };
}
