import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createNpyMatrixStore } from '../../../adapters/file/matrix-store.ts';
import { createParquetDatasetStore } from '../../../adapters/parquet/dataset-store.ts';
import { createGcsRunStorage } from '../../../adapters/gcs/run-storage.ts';
import { createFileRunStorage } from '../../../adapters/file/run-storage.ts';
import type { TrainModelResult } from '../../../workflows/train-model.ts';
import { AS_OF, createFixtureProject, fixtureRecipe } from '../../support/fixture-project.ts';
import type { FixtureProject } from '../../support/fixture-project.ts';
import { connectClient, randomId, startTestWorker } from '../../support/temporal.ts';
import { openGcsHarness, PREFIX } from './harness.ts';
import type { GcsHarness } from './harness.ts';

describe('A training that keeps its files in Cloud Storage', function () {
  this.timeout(120_000);
  let project: FixtureProject;
  let harness: GcsHarness;
  const cleanups: (() => Promise<unknown>)[] = [];

  before(async () => {
    harness = await openGcsHarness();
    cleanups.push(() => harness.close());
    project = await createFixtureProject();
    cleanups.push(() => project.remove());
  });
  after(async () => {
    for (const cleanup of cleanups.reverse()) await cleanup();
  });

  const train = async (model: string, ports: Parameters<typeof startTestWorker>[1]): Promise<string> => {
    await project.writeRecipe(model, fixtureRecipe({ name: model, model }));
    const taskQueue = randomId('queue');
    const worker = await startTestWorker(project, { ...ports, taskQueue });
    const { client, close } = await connectClient(project.config.temporal.address);
    try {
      await (client.workflow.execute('trainModel', { workflowId: randomId('train'), taskQueue, args: [{ recipe: model, as_of: AS_OF }] }) as Promise<TrainModelResult>);
    } finally {
      await worker.stop();
      await close();
    }
    const { folder } = await project.ports.tracker.modelFolder(`models:/${model}@champion`);
    return createHash('sha256').update(await readFile(join(folder, 'model.onnx'))).digest('hex');
  };

  it('makes the model that files in a folder make, byte for byte; what it kept is found and cleared up', async () => {
    const artifactStore = harness.store('worker');
    const inBucket = await train('in_bucket', { ports: { artifactStore, datasetStore: createParquetDatasetStore(artifactStore), matrixStore: createNpyMatrixStore(artifactStore) } });
    assert.equal(inBucket, await train('in_folder', {}));
    const storage = createGcsRunStorage({ bucket: harness.bucket, prefix: PREFIX, local: createFileRunStorage(join(harness.folder, 'worker')) });
    const runs = await storage.list();
    assert.deepEqual(runs.map(({ kind, bytes }) => [kind, bytes > 10_000]), [['run', true]], 'one run, and no attempt left its folder behind');
    const [files] = await harness.bucket.getFiles({ prefix: `${PREFIX}runs/${runs[0]?.name}/` });
    assert.ok(files.some(({ name }) => name.endsWith('.parquet')) && files.some(({ name }) => name.endsWith('.npy')), files.map(({ name }) => name).join());
    await storage.remove(runs[0]!);
    assert.deepEqual((await harness.bucket.getFiles())[0], []);
  });
});
