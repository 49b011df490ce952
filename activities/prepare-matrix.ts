import { join } from 'node:path';
import { columnOf, type RecordBatch } from '../domain/data/columns.ts';
import type { DatasetRef } from '../domain/data/dataset-ref.ts';
import { requestColumns } from '../domain/features/on-demand-rows.ts';
import { outputColumns } from '../domain/features/snapshot.ts';
import type { FittedPreprocessor, InputColumn } from '../domain/model/preprocessor.ts';
import type { ColumnProfile, RawValue } from '../domain/model/wrapped-artifact.ts';
import { fitPreprocessor } from '../ml/preprocessing/fit.ts';
import { decideInputColumns } from '../ml/preprocessing/input-columns.ts';
import { profileColumns } from '../ml/profile/column-profiles.ts';
import { splitByTime, type TimeSplit } from '../ml/splits/time-split.ts';
import { readClasses, readValues } from '../ml/targets.ts';
import type { MatrixRef } from '../ports/matrix-store.ts';
import type { Ports } from '../ports/ports.ts';
import { exampleRows, withRequested } from './example-rows.ts';
import { withPlan, type Planned, type PlanRef } from './plan-ref.ts';
import { publishJson, runFile, withTemporaryFolder } from './run-files.ts';
import { interruptible } from './interruptible.ts';
import { withHeartbeats } from './activity-runtime.ts';

/** What training works on. */
export interface PreparedMatrix {
  readonly split: TimeSplit;
  readonly matrix: MatrixRef;
  readonly labels: MatrixRef;
  /** Class labels by index; empty for regression. */
  readonly classes: readonly string[];
  /** A `Preparation` as JSON. */
  readonly preparationUri: string;
}

/** What was learnt from the training rows before the model. */
export interface Preparation {
  readonly preprocessor: FittedPreprocessor;
  readonly profile: readonly ColumnProfile[];
  readonly example: readonly Readonly<Record<string, RawValue>>[];
}

type Needs = Pick<Ports, 'datasetStore' | 'artifactStore' | 'matrixStore' | 'modelGraphs'>;

export interface PrepareMatrixInput {
  readonly plan: PlanRef;
  readonly trainingSet: DatasetRef;
  readonly key: string;
}

/** Splits by time, learns the preprocessing from the training rows alone, and has the preprocessing graph make the matrix of all rows. */
export function createPrepareMatrix(needs: Needs) {
  return {
    prepareMatrix: (given: PrepareMatrixInput): Promise<PreparedMatrix> =>
      withHeartbeats(async ({ signal }) => {
        const input = await withPlan(needs.artifactStore, given);
        const ports: Needs = { ...needs, datasetStore: interruptible(needs.datasetStore, signal) };
        const { plan, trainingSet, key } = input;
        const { recipe } = plan;
        const split = splitByTime(await readTimestamps(ports, trainingSet, recipe.loader.entity_schema.timestamp_column), recipe.evaluation.split);
        const { labels, classes } = await readTargets(ports, input, split);
        const inputs = decideInputColumns({ recipe, schema: trainingSet.schema, features: outputColumns(plan.selection) });
        const trainingRows = (): AsyncIterable<RecordBatch> => ports.datasetStore.read(trainingSet, { columns: inputs.map(({ name }) => name), rows: split.training });
        const exampleColumns = withRequested(inputs, { entities: recipe.loader.entity_schema.entity_columns, request: requestColumns(plan.selection).map(({ name }) => name) });
        const preprocessor = await fitPreprocessor(inputs, recipe.preprocessor.steps, trainingRows());
        const preparation: Preparation = { preprocessor, profile: await profileColumns(inputs, trainingRows()), example: await exampleRows(exampleColumns, ports.datasetStore.read(trainingSet, { columns: exampleColumns.map(({ name }) => name), rows: split.training })) };
        const preparationUri = await publishJson(ports.artifactStore, ports.artifactStore.uri(runFile(key, 'preparation.json')), preparation);
        const labelsRef: MatrixRef = { uri: ports.artifactStore.uri(runFile(key, 'labels.npy')), rows: trainingSet.rowCount, columns: 0 };
        await ports.matrixStore.write(labelsRef, once(labels));
        return { split, matrix: await writeMatrix(ports, input, inputs, preprocessor), labels: labelsRef, classes, preparationUri };
      }),
  };
}

async function readTimestamps({ datasetStore }: Needs, trainingSet: DatasetRef, column: string): Promise<Float64Array> {
  const timestamps = new Float64Array(trainingSet.rowCount);
  let row = 0;
  for await (const batch of datasetStore.read(trainingSet, { columns: [column] })) {
    timestamps.set(columnOf(batch, column).values as Float64Array, row);
    row += batch.rowCount;
  }
  return timestamps;
}

function readTargets({ datasetStore }: Needs, { plan, trainingSet }: Planned<PrepareMatrixInput>, split: TimeSplit): ReturnType<typeof readValues> {
  const { target_column: target, task_type: task } = plan.recipe.data_interface;
  const batches = datasetStore.read(trainingSet, { columns: [target] });
  return task === 'classification' ? readClasses(batches, target, trainingSet.rowCount, split.training) : readValues(batches, target, trainingSet.rowCount);
}

async function writeMatrix({ artifactStore, datasetStore, matrixStore, modelGraphs }: Needs, { trainingSet, key }: Planned<PrepareMatrixInput>, inputs: readonly InputColumn[], preprocessor: FittedPreprocessor): Promise<MatrixRef> {
  const matrix: MatrixRef = { uri: artifactStore.uri(runFile(key, 'matrix.npy')), rows: trainingSet.rowCount, columns: preprocessor.outputColumns.length };
  await withTemporaryFolder(artifactStore, 'preprocessing', async (folder) => {
    const path = join(folder, 'preprocessing.onnx');
    await modelGraphs.writePreprocessing(preprocessor, path);
    const graph = await modelGraphs.openPreprocessing(path);
    const chunks = async function* (): AsyncIterable<Float32Array> {
      for await (const batch of datasetStore.read(trainingSet, { columns: inputs.map(({ name }) => name) })) yield await graph.transform(batch);
    };
    await matrixStore.write(matrix, chunks()).finally(() => graph.close());
  });
  return matrix;
}

async function* once(chunk: Float32Array): AsyncIterable<Float32Array> {
  yield chunk;
}
