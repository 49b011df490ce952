import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFileTracker } from '../../../adapters/mlflow/file-tracker.ts';
import { PipelineError } from '../../../domain/errors.ts';
import { START, describeExperimentTrackerContract, modelRequest } from '../../contracts/experiment-tracker.contract.ts';

describeExperimentTrackerContract("MLflow's file store", async () => {
  const root = await mkdtemp(join(tmpdir(), 'mlruns-'));
  const tracker = createFileTracker({ root });
  return {
    tracker,
    close: async () => {
      await tracker.close();
      await rm(root, { recursive: true });
    },
  };
});

describe("MLflow's file store", () => {
  let work: string;
  beforeEach(async () => {
    work = await mkdtemp(join(tmpdir(), 'mlruns-'));
  });
  afterEach(() => rm(work, { recursive: true }));

  it('is made at the first call, and has nothing half-finished in it afterwards', async () => {
    const root = join(work, 'deep', 'mlruns');
    const tracker = createFileTracker({ root });
    assert.deepEqual(await readdir(work), []);
    const experimentId = await tracker.ensureExperiment('e');
    const { runId } = await tracker.ensureRun({ key: 'k', experimentId, name: 'r', startMillis: START, tags: {} });
    await tracker.ensureLoggedModel(modelRequest({ runId, experimentId }));
    assert.deepEqual(await readdir(join(root, '.ml_pipeline.trash', 'new')), []);
    assert.deepEqual((await readdir(root)).sort(), ['.ml_pipeline.trash', '.trash', '0', experimentId].sort());
  });

  it('that cannot be written is named', async () => {
    await writeFile(join(work, 'file'), '');
    await assert.rejects(createFileTracker({ root: join(work, 'file', 'mlruns') }).ensureExperiment('e'), (error) => error instanceof PipelineError && error.code === 'INVALID_CONFIG' && error.message.includes(join(work, 'file', 'mlruns')));
  });

  it('is served from where it was moved to', async () => {
    const tracker = createFileTracker({ root: join(work, 'before') });
    const experimentId = await tracker.ensureExperiment('e');
    const { runId } = await tracker.ensureRun({ key: 'k', experimentId, name: 'r', startMillis: START, tags: {} });
    const { modelId } = await tracker.ensureLoggedModel(modelRequest({ runId, experimentId }));
    await tracker.ensureVersion({ name: 'm', modelId, runId, tags: {} });
    await rename(join(work, 'before'), join(work, 'after'));
    const { folder } = await createFileTracker({ root: join(work, 'after') }).modelFolder('models:/m/1');
    assert.ok(folder.startsWith(join(work, 'after')));
    assert.match(await readFile(join(folder, 'MLmodel'), 'utf8'), new RegExp(modelId));
  });

  it('has no file for a key that is the folder of another', async () => {
    const tracker = createFileTracker({ root: work });
    const { runId } = await tracker.ensureRun({ key: 'k', experimentId: await tracker.ensureExperiment('e'), name: 'r', startMillis: START, tags: {} });
    const conflict = (error: unknown): boolean => error instanceof PipelineError && error.code === 'INVALID_INPUT' && error.message.includes('"a/b"');
    await assert.rejects(tracker.logBatch(runId, { params: { a: '1', 'a/b': '2' } }), conflict);
    await tracker.logBatch(runId, { params: { 'a/b': '2' } });
    await assert.rejects(tracker.logBatch(runId, { params: { a: '1' } }), conflict);
    assert.deepEqual((await tracker.run(runId)).params, { 'a/b': '2' });
  });

  it('tells what was deleted in MLflow, and lists it no more', async () => {
    const tracker = createFileTracker({ root: work });
    const experimentId = await tracker.ensureExperiment('e');
    const request = { key: 'k', experimentId, name: 'r', startMillis: START, tags: {} };
    const { runId } = await tracker.ensureRun(request);
    const meta = join(work, experimentId, runId, 'meta.yaml');
    await writeFile(meta, (await readFile(meta, 'utf8')).replace('lifecycle_stage: active', 'lifecycle_stage: deleted'));
    await assert.rejects(tracker.ensureRun(request), (error) => error instanceof PipelineError && error.code === 'CONFLICT');
    assert.deepEqual(await tracker.runs({ limit: 9 }), []);
    await mkdir(join(work, '.trash'), { recursive: true });
    await rename(join(work, experimentId), join(work, '.trash', experimentId));
    await assert.rejects(tracker.ensureExperiment('e'), (error) => error instanceof PipelineError && error.code === 'CONFLICT');
  });
});
