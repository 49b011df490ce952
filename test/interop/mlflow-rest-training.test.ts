import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { createFeatureRepositorySource } from '../../adapters/feature-repo/feature-repository-source.ts';
import { createRestTracker } from '../../adapters/mlflow-rest/rest-tracker.ts';
import { parseInstant } from '../../domain/instant.ts';
import type { ExperimentTracker } from '../../ports/experiment-tracker.ts';
import type { Warehouse } from '../../ports/warehouse.ts';
import type { TrainModelResult } from '../../workflows/train-model.ts';
import { AS_OF, createFixtureProject, fixtureRecipe } from '../support/fixture-project.ts';
import type { FixtureProject } from '../support/fixture-project.ts';
import { createCloudProject, type CloudProject } from '../parity/cloud-project.ts';
import { predictions } from '../parity/served-model.ts';
import { cloudServers } from '../support/cloud-servers.ts';
import { connectClient, randomId, startTestWorker } from '../support/temporal.ts';
import { startLosingProxy } from './mlflow/losing-proxy.ts';
import { FOLDER, python } from './mlflow/python-client.ts';
import { startServer } from './mlflow/server.ts';

/** The project's warehouse, as one that bills by the bytes of its queries: of the spine, and of the join. */
function billing(warehouse: Warehouse): Warehouse {
  return Object.assign(Object.create(warehouse) as Warehouse, {
    writeSpine: async (request) => ({ ...(await warehouse.writeSpine(request)), usage: { bytesProcessed: 1000, bytesBilled: 10_485_760 } }),
    historicalFeatures: async (request) => ({ ...(await warehouse.historicalFeatures(request)), usage: { bytesProcessed: 7, bytesBilled: 20_971_520 } }),
  } satisfies Partial<Warehouse>);
}

describe('A training on BigQuery whose runs are kept by an MLflow server with artifacts in Cloud Storage', function () {
  this.timeout(300_000);
  const cleanups: (() => Promise<unknown>)[] = [];
  let local: FixtureProject;
  let cloud: CloudProject;
  let execute: <T>(type: string, input: object, project: FixtureProject | CloudProject) => Promise<T>;
  let uri: string;
  let proxy: Awaited<ReturnType<typeof startLosingProxy>>;
  let direct: ExperimentTracker;
  let result: TrainModelResult;
  let train: (recipe: string) => Promise<TrainModelResult>;

  before(async function () {
    if (!existsSync(join(FOLDER, 'mlflow'))) {
      if (process.env['CI'] === 'true') throw new Error(`There is no ${FOLDER}/mlflow: run scripts/install_tools.sh interop`);
      return this.skip();
    }
    const work = await mkdtemp(join(tmpdir(), 'mlflow-training-'));
    cleanups.push(() => rm(work, { recursive: true }));
    local = await createFixtureProject();
    cleanups.push(() => local.remove());
    cloud = await createCloudProject(local, async (bucket) => {
      const { gcsUrl, project } = await cloudServers();
      const server = await startServer(work, `gs://${bucket}/mlflow`, { STORAGE_EMULATOR_HOST: gcsUrl, GOOGLE_CLOUD_PROJECT: project });
      cleanups.push(() => server.stop());
      ({ uri } = server);
      proxy = await startLosingProxy(uri);
      cleanups.push(() => proxy.stop());
      return { type: 'mlflow_server', uri: proxy.uri, auth: 'none', model_cache: './data-cloud/models' };
    });
    cleanups.push(() => cloud.remove());
    direct = createRestTracker({ uri, auth: { type: 'none' }, modelCache: join(work, 'direct') });
    await cloud.ports.warehouse.prepare();
    await cloud.ports.featureRegistry.apply(await createFeatureRepositorySource(join(import.meta.dirname, '..', '..', 'feature_repo')).load());
    const workers = [await startTestWorker(local), await startTestWorker(cloud, { ports: { warehouse: billing(cloud.ports.warehouse) } })];
    cleanups.push(() => Promise.all(workers.map((worker) => worker.stop())));
    const { client, close } = await connectClient(local.config.temporal.address);
    cleanups.push(close);
    execute = (type, input, { config }) => client.workflow.execute(type, { workflowId: randomId(type), taskQueue: config.temporal.task_queue, args: [input] });
    train = (recipe) => execute('trainModel', { recipe, as_of: AS_OF }, cloud);
  });
  after(async () => {
    for (const cleanup of cleanups.reverse()) await cleanup();
  });

  it('ends with one run, one model, one version and the alias, although the answer to the first call of each kind is lost', async () => {
    await local.writeRecipe('lossy', fixtureRecipe({ name: 'lossy', model: 'lossy' }));
    let inFiles: TrainModelResult;
    [result, inFiles] = await Promise.all([train('lossy'), execute<TrainModelResult>('trainModel', { recipe: 'lossy', as_of: AS_OF }, local)]);
    assert.deepEqual([result.rows, result.metrics], [inFiles.rows, inFiles.metrics], 'the same on PostgreSQL, in files');
    for (const kind of ['POST /api/2.0/mlflow/runs/create', 'POST /api/2.0/mlflow/logged-models', 'POST /api/2.0/mlflow/runs/outputs', 'POST /api/2.0/mlflow/model-versions/create', 'POST /api/2.0/mlflow/registered-models/alias']) assert.ok(proxy.lost.includes(kind), `${kind} was not lost: ${proxy.lost.join(', ')}`);
    const [run, ...others] = await direct.runs({ experiment: 'lossy', limit: 10 });
    assert.deepEqual([others.length, run?.runId, run?.status, run?.metrics['test_roc_auc']], [0, result.runId, 'FINISHED', result.metrics['roc_auc']]);
    const search = await fetch(`${uri}/api/2.0/mlflow/logged-models/search`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ experiment_ids: [run?.experimentId] }) });
    const { models } = (await search.json()) as { models: { info: { status: string } }[] };
    assert.deepEqual(models.map(({ info }) => info.status).sort(), ['LOGGED_MODEL_PENDING', 'LOGGED_MODEL_READY'], 'the one whose making was not answered is never filled');
    const versions = (await (await fetch(`${uri}/api/2.0/mlflow/model-versions/search`)).json()) as { model_versions: { name: string; version: string }[] };
    assert.deepEqual(versions.model_versions.map(({ name, version }) => [name, version]), [['lossy', '1']]);
    assert.deepEqual((await direct.versionByAlias('lossy', 'champion'))?.version, '1');
  });

  it("has what the warehouse processed and billed for it among its metrics, as Python's client reads them", async () => {
    const [run] = await direct.runs({ experiment: 'lossy', limit: 1 });
    const metrics = (await python('metrics', uri, run!.runId)).answer as Readonly<Record<string, number>>;
    assert.deepEqual([metrics['warehouse_bytes_processed'], metrics['warehouse_bytes_billed']], [1007, 31_457_280]);
  });

  it('predicts by the API, from features that were materialized to the Redis Cluster, what the model in files predicts on a laptop', async () => {
    const both = <T>(work: (project: FixtureProject | CloudProject) => Promise<T>): Promise<readonly [T, T]> => Promise.all([work(local), work(cloud)]);
    await both((project) => execute('materializeFeatures', { end: AS_OF }, project));
    const database = new pg.Client({ connectionString: local.databaseUrl });
    await database.connect();
    const { rows } = await database.query<Record<'origin' | 'tailnum' | 'carrier', string> & Record<'distance' | 'hour', number>>('SELECT origin, tailnum, carrier, distance, hour FROM raw_data.flights WHERE tailnum IS NOT NULL LIMIT 50');
    await database.end();
    const instances = rows.map(({ distance, hour, ...entities }) => ({ entities, request: { distance, hour } }));
    const [here, there] = await both(({ ports }) => predictions(ports, { model: 'models:/lossy@champion', instances, askedAt: parseInstant(AS_OF)! }));
    assert.ok(here.length === 50 && new Set(here.map((one) => JSON.stringify(one.probabilities))).size > 10);
    assert.deepEqual(there, here);
  });

  it('gives a model that opens, and another one its turn when it is better', async () => {
    const { artifact } = await cloud.ports.modelPackager.read((await direct.modelFolder('models:/lossy@champion')).folder);
    assert.equal(artifact.target, 'arrived_late');
    await local.writeRecipe('weak', fixtureRecipe({ name: 'weak', model: 'lossy', hyperparameters: { n_estimators: 1, max_depth: 1, max_features: 1.0 } }));
    assert.equal((await train('weak')).version, '2');
    assert.equal((await direct.versionByAlias('lossy', 'champion'))?.version, '1', 'the weaker one does not take the alias');
  });
});
