import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createModelPackager } from '../../adapters/mlflow/model-packager.ts';
import { createRestTracker } from '../../adapters/mlflow-rest/rest-tracker.ts';
import type { ExperimentTracker } from '../../ports/experiment-tracker.ts';
import { RAW_ROWS } from '../adapters/mlflow/example-model.ts';
import { START, describeExperimentTrackerContract, modelRequest } from '../contracts/experiment-tracker.contract.ts';
import { closeTo, expectedReading, logTraining, predictHere } from './mlflow/logged-training.ts';
import { FOLDER, python } from './mlflow/python-client.ts';
import { startServer } from './mlflow/server.ts';

describe('A real MLflow server', function () {
  this.timeout(300_000); // its start and each of Python's take seconds
  let work: string;
  let server: Awaited<ReturnType<typeof startServer>>;
  let tracker: ExperimentTracker;
  const open = async (): Promise<ExperimentTracker> => createRestTracker({ uri: server.uri, auth: { type: 'none' }, modelCache: await mkdtemp(join(work, 'cache-')) });

  before(async function () {
    if (!existsSync(join(FOLDER, 'mlflow'))) {
      if (process.env['CI'] === 'true') throw new Error(`There is no ${FOLDER}/mlflow: run scripts/install_tools.sh interop`);
      return this.skip();
    }
    work = await mkdtemp(join(tmpdir(), 'mlflow-rest-'));
    server = await startServer(work);
    tracker = await open();
  });
  after(async () => {
    if (server !== undefined) await server.stop();
    if (work !== undefined) await rm(work, { recursive: true });
  });

  it("gives Python's client the same as the file store does: runs, metrics, data sets, models, versions, predictions", async () => {
    const ids = await logTraining(tracker, work, 'classification', 'flight delay');
    const other = await logTraining(tracker, work, 'regression', 'arrival delay');
    assert.deepEqual(await logTraining(tracker, work, 'classification', 'flight delay'), ids, 'the same again makes nothing new');
    const { 'ml_pipeline.key_hash': hash } = (await tracker.run(ids.runId)).tags;
    assert.deepEqual((await python('read', server.uri)).answer, expectedReading(ids, other.modelId, { 'ml_pipeline.key_hash': hash ?? '' }));
    const { answer } = await python('predict', server.uri, 'models:/flight delay@champion', RAW_ROWS);
    const expected = await predictHere(tracker, 'models:/flight delay@champion');
    closeTo((answer as { plain: Record<string, number[]> }).plain['label'], expected.predictions);
  });

  it("has what Python's client logged for us: values, models of MLflow 2 and 3", async () => {
    const { folder } = await tracker.modelFolder('models:/flight delay@champion');
    const written = (await python('write', server.uri, folder)).answer as { run: string; experiment: string; model: string };
    const found = await tracker.run(written.run);
    assert.deepEqual([found.name, found.status, found.params, found.metrics, found.tags['team']], ['1e5', 'FINISHED', { depth: '3' }, { loss: 0.25 }, 'ml']);
    assert.deepEqual((await tracker.metricHistory(written.run, 'loss')).map((point) => point.step), [0, 1, 2]);
    assert.equal(await tracker.ensureExperiment('from python'), written.experiment);
    for (const uri of ['models:/old@champion', 'models:/old/1', `runs:/${written.run}/old`]) assert.equal((await createModelPackager().read((await tracker.modelFolder(uri)).folder)).artifact.target, 'arrived_late', uri);
    for (const uri of ['models:/new/1', `models:/${written.model}`, `runs:/${written.run}/model`]) assert.equal((await tracker.modelFolder(uri)).modelId, written.model, uri);
  });

  it('takes more params, points and tags than one call may have, and a model with as many params', async () => {
    const experimentId = await tracker.ensureExperiment('large');
    const { runId } = await tracker.ensureRun({ key: randomUUID(), experimentId, name: 'large', startMillis: START, tags: {} });
    const params = Object.fromEntries(Array.from({ length: 230 }, (_, index) => [`p${index}`, 'ü'.repeat(6000)]));
    const metrics = Array.from({ length: 2500 }, (_, step) => ({ key: 'loss', value: 1 / (step + 1), step, timestampMillis: START + step }));
    for (const _ of [1, 2]) await tracker.logBatch(runId, { params, metrics, tags: Object.fromEntries(Object.keys(params).map((key) => [key, key])) });
    assert.deepEqual((await tracker.run(runId)).params, params);
    assert.deepEqual(await tracker.metricHistory(runId, 'loss'), metrics);
    const short = Object.fromEntries(Object.keys(params).map((key) => [key, '1']));
    const { modelId } = await tracker.ensureLoggedModel({ ...modelRequest({ runId, experimentId }), params: short });
    const answer = (await (await fetch(`${server.uri}/api/2.0/mlflow/logged-models/${modelId}`)).json()) as { model: { data: { params: unknown[] } } };
    assert.equal(answer.model.data.params.length, 230);
  });

  it('makes one run, model and version of what several processes make in turn, and copies a model once', async () => {
    const key = randomUUID();
    const experimentId = await tracker.ensureExperiment('shared');
    const ids = new Set<string>();
    for (const each of [tracker, await open(), await open()]) {
      const { runId } = await each.ensureRun({ key, experimentId, name: 'shared', startMillis: START, tags: {} });
      const { modelId } = await each.ensureLoggedModel(modelRequest({ runId, experimentId }));
      const { version } = await each.ensureVersion({ name: 'shared model', modelId, runId, tags: {} });
      ids.add([runId, modelId, version].join());
    }
    assert.equal(ids.size, 1);
    const [first, again] = [await tracker.modelFolder('models:/shared model/1'), await tracker.modelFolder('models:/shared model/1')];
    assert.equal(first.folder, again.folder);
    assert.deepEqual((await readdir(join(first.folder, '..'))).filter((name) => name.startsWith('.')), [], 'no half copy is left');
  });

  it('refuses a model whose files were changed on the server', async () => {
    const experimentId = await tracker.ensureExperiment('shared');
    const { runId } = await tracker.ensureRun({ key: randomUUID(), experimentId, name: 'changed', startMillis: START, tags: {} });
    const { modelId } = await tracker.ensureLoggedModel(modelRequest({ runId, experimentId }));
    const file = join(work, 'artifacts', experimentId, 'models', modelId, 'artifacts', 'MLmodel');
    const before = await readFile(file, 'utf8');
    await writeFile(file, before.replace('model_id', 'model-id'));
    await assert.rejects(tracker.modelFolder(`models:/${modelId}`), { code: 'INVALID_DATA', message: /not those that were logged/ });
    await writeFile(file, before);
    assert.equal((await tracker.modelFolder(`models:/${modelId}`)).modelId, modelId);
  });

  it('uses a folder that server and caller share, and refuses places that it cannot reach', async () => {
    const create = async (name: string, artifact_location: string): Promise<void> => assert.equal((await fetch(`${server.uri}/api/2.0/mlflow/experiments/create`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ name, artifact_location }) })).status, 200);
    await create('in a folder', `file://${work}/shared/7`);
    await create('in a bucket', 'gs://bucket/path');
    await create('elsewhere', 'file:///nowhere/shared/7');
    await assert.rejects(tracker.ensureExperiment('in a bucket'), { code: 'UNSUPPORTED', message: /--serve-artifacts and --artifacts-destination gs:\/\/bucket/ });
    const logged = async (experiment: string): Promise<string> => {
      const experimentId = await tracker.ensureExperiment(experiment);
      const { runId } = await tracker.ensureRun({ key: randomUUID(), experimentId, name: 'r', startMillis: START, tags: {} });
      return (await tracker.ensureLoggedModel(modelRequest({ runId, experimentId }))).modelId;
    };
    await assert.rejects(logged('in a folder'), { code: 'UNSUPPORTED', message: /which is not on this machine/ });
    await mkdir(join(work, 'shared'));
    const { folder } = await tracker.modelFolder(`models:/${await logged('in a folder')}`);
    assert.ok(folder.startsWith(join(work, 'shared', '7', 'models')), folder);
    await assert.rejects(logged('elsewhere'), { code: 'UNSUPPORTED', message: /\/nowhere\/shared, which is not on this machine/ });
  });

  describeExperimentTrackerContract('An MLflow server', async () => ({ tracker: await open(), close: () => Promise.resolve() }));
});
