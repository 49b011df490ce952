import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createModelPackager } from '../../../adapters/mlflow/model-packager.ts';
import { createOnnxModelGraphs } from '../../../adapters/onnx/model-graphs.ts';
import type { ExperimentTracker } from '../../../ports/experiment-tracker.ts';
import { examplePackage, rawBatch } from '../../adapters/mlflow/example-model.ts';
import { DATASET, START } from '../../contracts/experiment-tracker.contract.ts';

/** What `client.py read` answers on the store of logTraining: classification. */
export function expectedReading({ runId, modelId }: { runId: string; modelId: string }, otherModelId: string, moreTags: Readonly<Record<string, string>> = {}): unknown {
  return {
    experiments: ['Default', 'interop'],
    filtered: ['classification'],
    run: {
      id: runId,
      status: 'FINISHED',
      start: START,
      end: START + 60_000,
      params: { depth: '3', 'group/lr': '0.1' },
      metrics: { 'val/auc': 0.75, test_auc: 0.88 },
      tags: { ...tags(), 'mlflow.runName': 'classification', 'ml_pipeline.key': 'classification', 'ml_pipeline.not_finite': 'val/auc: NaN at step 3', ...moreTags },
      inputs: [[DATASET.name, DATASET.digest, { 'mlflow.data.context': 'training' }]],
      outputs: [modelId],
    },
    history: [[START, 0, 0.5], [START + 1, 1, 2 / 3], [START + 2, 2, 0.75]],
    model: {
      id: modelId,
      name: 'model',
      run: runId,
      status: 'READY',
      params: { depth: '3' },
      metrics: [['test_auc', 0.88, DATASET.name, DATASET.digest, runId]],
      versions: [{ name: 'flight delay', version: 1 }],
    },
    version: ['flight delay', 1, runId, `models:/${modelId}`, ['champion'], { team: 'ml' }],
    models: [modelId, otherModelId].sort(),
    versions: [1],
    artifacts: ['reports/report.json'],
  };
}

function tags(): Record<string, string> {
  return { team: 'ml', 'mlflow.user': 'somebody', 'mlflow.source.name': 'ml-pipeline', 'mlflow.source.type': 'LOCAL' };
}

/** A run with everything that a training logs, and its model as version 1 and champion of the registered name. */
export async function logTraining(tracker: ExperimentTracker, work: string, task: 'classification' | 'regression', registered: string): Promise<{ runId: string; modelId: string }> {
  const experimentId = await tracker.ensureExperiment('interop');
  const { runId } = await tracker.ensureRun({ key: task, experimentId, name: task, startMillis: START, tags: tags() });
  await tracker.logDataset(runId, DATASET);
  const values = task === 'classification' ? [0.5, 2 / 3, 0.75, Number.NaN] : [0.1];
  await tracker.logBatch(runId, { params: { depth: '3', 'group/lr': '0.1' }, metrics: values.map((value, step) => ({ key: 'val/auc', value, step, timestampMillis: START + step })) });
  await writeFile(join(work, 'report.json'), '{"a":1}');
  await tracker.logArtifact(runId, 'reports/report.json', join(work, 'report.json'));
  const { modelId } = await tracker.ensureLoggedModel({
    experimentId, runId, name: 'model', params: { depth: '3' }, tags: {},
    metrics: [{ key: 'test_auc', value: 0.88, step: 0, timestampMillis: START, dataset: { name: DATASET.name, digest: DATASET.digest } }],
    writeFiles: async (folder, { modelId: id, artifactUri }) => {
      const files = join(work, `files-${id}`);
      await mkdir(files, { recursive: true });
      await createModelPackager().write(folder, await examplePackage(files, task, { modelId: id, runId, artifactUri }));
    },
  });
  const { version } = await tracker.ensureVersion({ name: registered, modelId, runId, tags: { team: 'ml' } });
  await tracker.setAlias(registered, 'champion', version);
  await tracker.finishRun(runId, 'FINISHED', START + 60_000);
  return { runId, modelId };
}

/** What the model of the URI predicts for the example's rows, without Python. */
export async function predictHere(tracker: ExperimentTracker, uri: string) {
  const { folder } = await tracker.modelFolder(uri);
  const session = await createOnnxModelGraphs().openModel((await createModelPackager().read(folder)).onnxFile);
  try {
    return await session.predict(rawBatch());
  } finally {
    await session.close();
  }
}

export function closeTo(actual: readonly (number | string)[] | undefined, expected: Float32Array | Float64Array): void {
  assert.equal(actual?.length, expected.length);
  for (const [index, value] of expected.entries()) {
    const difference = Math.abs(Number(actual?.[index]) - value);
    assert.ok(difference <= 1e-5 * Math.max(1, Math.abs(value)), `row ${index}: ${actual?.[index]} and ${value}`);
  }
}
