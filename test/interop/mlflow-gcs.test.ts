import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bucket } from '@google-cloud/storage';
import { createModelPackager } from '../../adapters/mlflow/model-packager.ts';
import { listObjects } from '../../adapters/gcs/objects.ts';
import { bindTracker } from '../../config/bind-tracker.ts';
import type { ExperimentTracker } from '../../ports/experiment-tracker.ts';
import { openGcsHarness, type GcsHarness } from '../adapters/gcs/harness.ts';
import { RAW_ROWS } from '../adapters/mlflow/example-model.ts';
import { START, modelRequest } from '../contracts/experiment-tracker.contract.ts';
import { cloudServers } from '../support/cloud-servers.ts';
import { closeTo, expectedReading, logTraining, predictHere } from './mlflow/logged-training.ts';
import { FOLDER, python } from './mlflow/python-client.ts';
import { startServer } from './mlflow/server.ts';

describe('A real MLflow server whose artifacts lie in Cloud Storage', function () {
  this.timeout(300_000); // its start and each of Python's take seconds
  const cleanups: (() => Promise<unknown>)[] = [];
  let work: string;
  let harness: GcsHarness;
  let bucket: Bucket;
  let uri: string;
  let tracker: ExperimentTracker;
  /** How Python's client finds the stand-in; Node's is told by the setting. */
  let variables: Readonly<Record<string, string>>;

  /** As the environment's settings bind it, with an empty model cache. */
  const open = async (): Promise<ExperimentTracker> => {
    const { gcsUrl, project } = await cloudServers();
    const bucketSettings = { name: bucket.name, versioning: false, lifecycle: [] };
    return bindTracker(await mkdtemp(join(work, 'project-')), {
      tracking: { type: 'mlflow_server', uri, auth: 'none', model_cache: './cache' },
      artifacts: { type: 'gcs', project, location: 'us', buckets: { data: bucketSettings, artifacts: bucketSettings, logs: bucketSettings }, labels: {}, cache: { folder: './data', max_gigabytes: 1 }, api_endpoint: gcsUrl },
    });
  };
  const names = async (prefix: string): Promise<string[]> => {
    const found: string[] = [];
    for await (const { name } of listObjects(bucket, prefix)) found.push(name);
    return found;
  };

  before(async function () {
    if (!existsSync(join(FOLDER, 'mlflow'))) {
      if (process.env['CI'] === 'true') throw new Error(`There is no ${FOLDER}/mlflow: run scripts/install_tools.sh interop`);
      return this.skip();
    }
    work = await mkdtemp(join(tmpdir(), 'mlflow-gcs-'));
    cleanups.push(() => rm(work, { recursive: true }));
    harness = await openGcsHarness();
    cleanups.push(() => harness.close());
    ({ bucket } = harness);
    const { gcsUrl, project } = await cloudServers();
    variables = { STORAGE_EMULATOR_HOST: gcsUrl, GOOGLE_CLOUD_PROJECT: project };
    const server = await startServer(work, `gs://${bucket.name}/through server`, variables);
    cleanups.push(() => server.stop());
    ({ uri } = server);
    tracker = await open();
  });
  after(async () => {
    for (const cleanup of cleanups.reverse()) await cleanup();
  });

  it("gives Python's client, through the server, what was logged, and predictions; so does another machine", async () => {
    const ids = await logTraining(tracker, work, 'classification', 'flight delay');
    const other = await logTraining(tracker, work, 'regression', 'arrival delay');
    const { 'ml_pipeline.key_hash': hash } = (await tracker.run(ids.runId)).tags;
    assert.deepEqual((await python('read', uri)).answer, expectedReading(ids, other.modelId, { 'ml_pipeline.key_hash': hash ?? '' }));
    assert.ok((await names('through server/')).some((name) => name.endsWith(`/${ids.runId}/artifacts/reports/report.json`)));
    const expected = await predictHere(await open(), 'models:/flight delay@champion');
    const { answer } = await python('predict', uri, 'models:/flight delay@champion', RAW_ROWS);
    closeTo((answer as { plain: Record<string, number[]> }).plain['label'], expected.predictions);
  });

  it("has what Python's client logged for us", async () => {
    const { folder } = await tracker.modelFolder('models:/flight delay@champion');
    const written = (await python('write', uri, folder)).answer as { run: string; model: string };
    for (const model of ['models:/old@champion', `runs:/${written.run}/old`]) assert.equal((await createModelPackager().read((await tracker.modelFolder(model)).folder)).artifact.target, 'arrived_late', model);
    assert.equal((await tracker.modelFolder('models:/new/1')).modelId, written.model);
  });

  it('is written to and read without passing through the server, where an experiment names a bucket', async () => {
    const created = await fetch(`${uri}/api/2.0/mlflow/experiments/create`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ name: 'direct', artifact_location: `gs://${bucket.name}/direct` }) });
    assert.equal(created.status, 200);
    const experimentId = await tracker.ensureExperiment('direct');
    const { runId } = await tracker.ensureRun({ key: 'direct', experimentId, name: 'direct', startMillis: START, tags: {} });
    await writeFile(join(work, 'report.json'), '{"a":1}');
    await tracker.logArtifact(runId, 'reports/report.json', join(work, 'report.json'));
    assert.deepEqual(await names(`direct/${runId}/`), [`direct/${runId}/artifacts/reports/report.json`]);
    const { modelId } = await tracker.ensureLoggedModel(modelRequest({ runId, experimentId }));
    assert.ok((await names('direct/models/')).includes(`direct/models/${modelId}/artifacts/MLmodel`));
    await tracker.ensureVersion({ name: 'direct', modelId, runId, tags: {} });
    assert.equal((await (await open()).modelFolder('models:/direct/1')).modelId, modelId, 'on a machine that never had it');
    const files = await python('artifacts', uri, runId, null, variables);
    assert.deepEqual(files.answer, { 'reports/report.json': '{"a":1}' });
    await bucket.file(`direct/models/${modelId}/artifacts/MLmodel`).save('changed', { resumable: false });
    await assert.rejects((await open()).modelFolder('models:/direct/1'), { code: 'INVALID_DATA', message: /not those that were logged/ });
  });
});
