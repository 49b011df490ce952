import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PipelineError } from '../../domain/errors.ts';
import type { ErrorCode } from '../../domain/errors.ts';
import type { ExperimentTracker, LoggedModelRequest, TrackedDataset, TrackedRun } from '../../ports/experiment-tracker.ts';

export const START = 1_700_000_000_000;

export const DATASET: TrackedDataset = {
  name: 'flights-training',
  digest: 'ed589341',
  sourceType: 'local',
  source: '{"uri":"runs/spine.parquet"}',
  schema: '{"mlflow_colspec":[{"type":"double","name":"temp","required":false}]}',
  profile: '{"num_rows":3,"num_elements":9}',
  context: 'training',
};

/** What every ExperimentTracker does, whether it writes files or talks to a server. `open` gives one on a store of its own. */
export function describeExperimentTrackerContract(name: string, open: () => Promise<{ readonly tracker: ExperimentTracker; readonly close: () => Promise<void> }>): void {
  describe(`${name} as an experiment tracker`, () => {
    let tracker: ExperimentTracker;
    let close: () => Promise<void>;
    let files: string;
    before(async () => {
      ({ tracker, close } = await open());
      files = await mkdtemp(join(tmpdir(), 'tracker-contract-'));
    });
    after(async () => {
      await close();
      await rm(files, { recursive: true });
    });

    const newRun = async (tags: Record<string, string> = {}, startMillis = START): Promise<TrackedRun> =>
      tracker.ensureRun({ key: randomUUID(), experimentId: await tracker.ensureExperiment('contract'), name: 'a run', startMillis, tags });
    const newModel = async (): Promise<{ runId: string; modelId: string; experimentId: string }> => {
      const run = await newRun();
      const { modelId } = await tracker.ensureLoggedModel(modelRequest(run));
      return { runId: run.runId, modelId, experimentId: run.experimentId };
    };

    it('makes an experiment once, whatever its name is', async () => {
      for (const title of ['contract', '123', 'null', '1e5', 'flüge: "größte" #1', "it's - yes"]) {
        assert.equal(await tracker.ensureExperiment(title), await tracker.ensureExperiment(title), title);
      }
      assert.notEqual(await tracker.ensureExperiment('123'), await tracker.ensureExperiment('null'));
    });

    it('makes a run once per key, and gives back what was logged', async () => {
      const key = randomUUID();
      const experimentId = await tracker.ensureExperiment('contract');
      const request = { key, experimentId, name: '1e5', startMillis: START, tags: { team: 'ml' } };
      const run = await tracker.ensureRun(request);
      assert.equal((await tracker.ensureRun({ ...request, startMillis: START + 5 })).runId, run.runId);
      assert.notEqual((await tracker.ensureRun({ ...request, key: randomUUID() })).runId, run.runId);
      assert.deepEqual([run.name, run.status, run.startMillis, run.endMillis, run.experimentId], ['1e5', 'RUNNING', START, undefined, experimentId]);
      assert.equal(run.tags['team'], 'ml');
      assert.deepEqual(await tracker.run(run.runId), run);
    });

    it('keeps params, metrics and tags as they are', async () => {
      const { runId } = await newRun();
      const params = { max_depth: '12', 'group/lr': '0.1', empty: '', text: 'two\nlines, ünïcode' };
      const point = { key: 'val/auc', value: 0.1 + 0.2, step: 2, timestampMillis: START + 3 };
      await tracker.logBatch(runId, { params, metrics: [point, { ...point, value: -1e-300, step: 0 }], tags: { 'mlflow.note.content': '**bold**' } });
      const run = await tracker.run(runId);
      assert.deepEqual(run.params, params);
      assert.deepEqual(run.metrics, { 'val/auc': 0.1 + 0.2 });
      assert.equal(run.tags['mlflow.note.content'], '**bold**');
      assert.deepEqual(await tracker.metricHistory(runId, 'val/auc'), [{ ...point, value: -1e-300, step: 0 }, point], 'by time, then step');
      assert.deepEqual(await tracker.metricHistory(runId, 'nothing'), []);
    });

    it('takes the value of the last step as the latest, not the last one logged', async () => {
      const { runId } = await newRun();
      await tracker.logBatch(runId, { metrics: [3, 1, 2].map((step) => ({ key: 'loss', value: step * 10, step, timestampMillis: START })) });
      assert.equal((await tracker.run(runId)).metrics['loss'], 30);
    });

    it('counts the same point of a metric once, and another value at the same step as another point', async () => {
      const { runId } = await newRun();
      const point = { key: 'loss', value: 0.5, step: 1, timestampMillis: START };
      for (let i = 0; i < 3; i += 1) await tracker.logBatch(runId, { metrics: [point, point] });
      await tracker.logBatch(runId, { metrics: [{ ...point, value: 0.4 }] });
      assert.equal((await tracker.metricHistory(runId, 'loss')).length, 2);
    });

    it('leaves out values that are not finite, and names them in a tag', async () => {
      const { runId } = await newRun();
      const points = [Number.NaN, Infinity, 1].map((value, step) => ({ key: 'loss', value, step, timestampMillis: START }));
      await tracker.logBatch(runId, { metrics: points });
      assert.deepEqual((await tracker.metricHistory(runId, 'loss')).map((point) => point.value), [1]);
      assert.equal((await tracker.run(runId)).tags['ml_pipeline.not_finite'], 'loss: NaN at step 0, loss: Infinity at step 1');
    });

    it('refuses to change a param, names both values, and keeps the first', async () => {
      const { runId } = await newRun();
      await tracker.logBatch(runId, { params: { depth: '3' } });
      await tracker.logBatch(runId, { params: { depth: '3' } });
      const error = await refused(tracker.logBatch(runId, { params: { depth: '4', other: '1' } }), 'CONFLICT');
      assert.match(error.message, /depth.*"3".*"4"/);
      assert.deepEqual((await tracker.run(runId)).params, { depth: '3' });
    });

    it('refuses keys and values that MLflow would not keep, all at once, and logs nothing', async () => {
      const { runId } = await newRun();
      const error = await refused(tracker.logBatch(runId, { params: { good: '1', '../up': '1', long: 'x'.repeat(6001) }, tags: { 'a?b': '1', long: 'x'.repeat(8001) }, metrics: [{ key: 'a'.repeat(251), value: 1, step: 0, timestampMillis: START }] }), 'INVALID_INPUT');
      assert.equal(error.problems.length, 5, error.message);
      assert.deepEqual((await tracker.run(runId)).params, {});
    });

    it('logs the same data set twice as one', async () => {
      const { runId } = await newRun();
      await tracker.logDataset(runId, DATASET);
      await tracker.logDataset(runId, DATASET);
      await refused(tracker.logDataset(runId, { ...DATASET, digest: 'x'.repeat(37) }), 'INVALID_INPUT');
    });

    it('takes artifacts, replaces them, and refuses paths that lead out', async () => {
      const { runId } = await newRun();
      const file = join(files, 'report.json');
      await writeFile(file, '{"a":1}');
      await tracker.logArtifact(runId, 'reports/report.json', file);
      await tracker.logArtifact(runId, 'reports/report.json', file);
      for (const path of ['../x', '/x', 'a/../../x', '', 'a//b', '..']) await refused(tracker.logArtifact(runId, path, file), 'INVALID_INPUT');
      await refused(tracker.logArtifact(runId, 'x', join(files, 'missing')), 'NOT_FOUND');
    });

    it('makes one logged model per run and name, whose files are written once', async () => {
      const run = await newRun();
      let written = 0;
      const request: LoggedModelRequest = { ...modelRequest(run), writeFiles: async (folder, model) => ((written += 1), modelRequest(run).writeFiles(folder, model)) };
      const first = await tracker.ensureLoggedModel(request);
      assert.deepEqual(await tracker.ensureLoggedModel(request), first);
      assert.equal(written, 1);
      assert.match(first.modelId, /^m-[0-9a-f]{32}$/);
      assert.deepEqual((await tracker.run(run.runId)).metrics, { test_auc: 0.88 });
      const byRun = await tracker.modelFolder(`runs:/${run.runId}/model`);
      assert.deepEqual([byRun.modelId, byRun.runId, byRun.name, byRun.version], [first.modelId, run.runId, undefined, undefined]);
      assert.match(await readFile(join(byRun.folder, 'MLmodel'), 'utf8'), new RegExp(first.modelId));
      assert.equal((await tracker.modelFolder(`models:/${first.modelId}`)).modelId, first.modelId);
    });

    it('leaves nothing behind when the files of a model cannot be written, and makes it at the next call', async () => {
      const run = await newRun();
      await assert.rejects(tracker.ensureLoggedModel({ ...modelRequest(run), writeFiles: () => Promise.reject(new Error('disk full')) }), /disk full/);
      await refused(tracker.modelFolder(`runs:/${run.runId}/model`), 'NOT_FOUND');
      await tracker.ensureLoggedModel(modelRequest(run));
      assert.equal((await tracker.modelFolder(`runs:/${run.runId}/model`)).runId, run.runId);
    });

    it('numbers versions from 1, one per model, and finds them by alias', async () => {
      const name = `model ${randomUUID()}`;
      const models = [await newModel(), await newModel()];
      for (const repeat of [0, 1]) {
        for (const [index, model] of models.entries()) {
          const version = await tracker.ensureVersion({ name, modelId: model.modelId, runId: model.runId, tags: { repeat: String(repeat) } });
          assert.deepEqual([version.name, version.version, version.modelId, version.runId], [name, String(index + 1), model.modelId, model.runId]);
        }
      }
      assert.equal(await tracker.versionByAlias(name, 'champion'), undefined);
      for (const version of ['1', '2', '2']) {
        await tracker.setAlias(name, 'champion', version);
        assert.deepEqual((await tracker.versionByAlias(name, 'champion'))?.aliases, ['champion']);
        const resolved = await tracker.modelFolder(`models:/${name}@champion`);
        assert.deepEqual([resolved.version, resolved.name, resolved.modelId], [version, name, models[Number(version) - 1]?.modelId]);
      }
      assert.equal((await tracker.modelFolder(`models:/${name}/1`)).modelId, models[0]?.modelId);
      await tracker.setAlias(name, 'older', '1');
      await tracker.setAlias(name, 'oldest', '1');
      const aliased = (await tracker.aliasedVersions()).filter((version) => version.name === name);
      assert.deepEqual(aliased.map(({ version, aliases }) => [version, [...aliases].sort()]), [['1', ['older', 'oldest']], ['2', ['champion']]]);
    });

    it('moves an alias only from the version that the caller saw, when it says which', async () => {
      const name = `model ${randomUUID()}`;
      for (const model of [await newModel(), await newModel(), await newModel()]) await tracker.ensureVersion({ name, modelId: model.modelId, runId: model.runId, tags: {} });
      const aliased = async (): Promise<string | undefined> => (await tracker.versionByAlias(name, 'champion'))?.version;
      assert.equal(await tracker.setAlias(name, 'champion', '1', '2'), false);
      assert.equal(await aliased(), undefined);
      assert.equal(await tracker.setAlias(name, 'champion', '1', null), true);
      assert.equal(await tracker.setAlias(name, 'champion', '1', null), true, 'the same again');
      assert.deepEqual((await Promise.all(['2', '3'].map((version) => tracker.setAlias(name, 'champion', version, '1')))).sort(), [false, true], 'one of two that race');
      assert.notEqual(await aliased(), '1');
    });

    it('finishes a run, and keeps the first end when told again', async () => {
      const { runId } = await newRun();
      await tracker.finishRun(runId, 'FINISHED', START + 10);
      await tracker.finishRun(runId, 'FINISHED', START + 99);
      assert.deepEqual([(await tracker.run(runId)).status, (await tracker.run(runId)).endMillis], ['FINISHED', START + 10]);
      await tracker.finishRun(runId, 'FAILED', START + 20);
      assert.deepEqual([(await tracker.run(runId)).status, (await tracker.run(runId)).endMillis], ['FAILED', START + 20]);
    });

    it('lists runs newest first, of one experiment or of all, up to the limit', async () => {
      const experiment = `listing ${randomUUID()}`;
      const experimentId = await tracker.ensureExperiment(experiment);
      const starts = [START + 2, START + 3, START + 1];
      for (const startMillis of starts) await tracker.ensureRun({ key: randomUUID(), experimentId, name: 'r', startMillis, tags: {} });
      const listed = await tracker.runs({ experiment, limit: 2 });
      assert.deepEqual(listed.map((run) => run.startMillis), [START + 3, START + 2]);
      const newest = Date.now() + 1_000_000;
      await newRun({}, newest);
      assert.equal((await tracker.runs({ limit: 1 }))[0]?.startMillis, newest);
      assert.deepEqual(await tracker.runs({ experiment: 'none of that name', limit: 5 }), []);
    });

    it('says what is not there, or cannot be', async () => {
      const unknown = 'f'.repeat(32);
      await refused(tracker.run(unknown), 'NOT_FOUND');
      await refused(tracker.logBatch(unknown, {}), 'NOT_FOUND');
      await refused(tracker.ensureRun({ key: 'k', experimentId: '999', name: 'r', startMillis: START, tags: {} }), 'NOT_FOUND');
      await refused(tracker.ensureVersion({ name: 'x', modelId: `m-${unknown}`, runId: unknown, tags: {} }), 'NOT_FOUND');
      await refused(tracker.setAlias('no model', 'champion', '1'), 'NOT_FOUND');
      for (const uri of ['models:/none@champion', 'models:/none/3', `models:/m-${unknown}`, `runs:/${unknown}/model`]) await refused(tracker.modelFolder(uri), 'NOT_FOUND');
      for (const uri of ['model.onnx', 'models:/a/b/c', 'runs:/x', 'models:/x@', `runs:/${unknown}/../..`]) await refused(tracker.modelFolder(uri), 'INVALID_INPUT');
      const { modelId, runId } = await newModel();
      await tracker.ensureVersion({ name: 'named', modelId, runId, tags: {} });
      for (const alias of ['latest', 'v1', 'a b', '../x', '']) await refused(tracker.setAlias('named', alias, '1'), 'INVALID_INPUT');
      for (const name of ['a/b', 'a:b', '..', '']) await refused(tracker.ensureVersion({ name, modelId, runId, tags: {} }), 'INVALID_INPUT');
    });
  });
}

/** A logged model of the smallest kind: a file MLmodel with its ids. */
export function modelRequest(run: { readonly runId: string; readonly experimentId: string }): LoggedModelRequest {
  return {
    experimentId: run.experimentId,
    runId: run.runId,
    name: 'model',
    params: { depth: '3' },
    tags: { team: 'ml' },
    metrics: [{ key: 'test_auc', value: 0.88, step: 0, timestampMillis: START, dataset: { name: DATASET.name, digest: DATASET.digest } }],
    writeFiles: (folder, model) => writeFile(join(folder, 'MLmodel'), `model_id: ${model.modelId}\nrun_id: ${run.runId}\nartifact_path: ${model.artifactUri}\n`),
  };
}

async function refused(promise: Promise<unknown>, code: ErrorCode): Promise<PipelineError> {
  const error = await promise.then(() => assert.fail(`expected ${code}, and it went well`), (reason: unknown) => reason);
  assert.ok(error instanceof PipelineError, `expected ${code}, got ${String(error)}`);
  assert.equal(error.code, code, error.message);
  return error;
}
