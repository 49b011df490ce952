import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { bindPorts, closePorts } from '../../config/bind-ports.ts';
import { loadProject } from '../../config/load-config.ts';
import { startStandIn } from '../adapters/mlflow-rest/stand-in.ts';
import { requestFor, synthesize } from '../adapters/trainers/synthetic.ts';

const TOOLS = process.env['ML_PIPELINE_TOOLS'];
/** The tool folder of this run, where that is not the package's own. */
const INSTALLED = TOOLS === undefined ? {} : { ML_PIPELINE_TOOLS: TOOLS };

describe('the table from settings to adapters', function () {
  this.timeout(60_000);

  it("takes LightGBM's library from ML_PIPELINE_LIGHTGBM, in the environment or in .env, and the installed one without it", async () => {
    const folder = await mkdtemp(join(tmpdir(), 'project-'));
    const { config } = await loadProject(resolve('.'), { POSTGRES_PASSWORD: 'x', REDIS_PASSWORD: 'x' });
    const { request, remove } = await requestFor(synthesize(200, { classes: 2 }), 'LGBMClassifier', { n_estimators: 1 }, 2);
    const train = async (environment: NodeJS.ProcessEnv): Promise<string> => {
      const ports = await bindPorts({ folder, environment: 'local', config }, environment);
      try {
        return (await ports.trainer.train(request)).library;
      } finally {
        await closePorts(ports);
      }
    };
    try {
      await assert.rejects(train({ ML_PIPELINE_LIGHTGBM: '/nowhere/lib.so' }), { code: 'INVALID_CONFIG', message: /\/nowhere\/lib\.so \(ML_PIPELINE_LIGHTGBM\)/ });
      assert.equal(await train(INSTALLED), 'lightgbm');
      await assert.rejects(train({ ML_PIPELINE_TOOLS: join(folder, 'tools') }), { code: 'INVALID_CONFIG', message: new RegExp(join(folder, 'tools/lightgbm')) });
      await writeFile(join(folder, '.env'), 'ML_PIPELINE_LIGHTGBM=other/lib.so\n');
      await assert.rejects(train({}), { code: 'INVALID_CONFIG', message: new RegExp(join(folder, 'other/lib.so')) });
    } finally {
      await remove();
      await rm(folder, { recursive: true });
    }
  });

  it('keeps runs on the MLflow server that tracking names, as the account that it names', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'project-'));
    const { config } = await loadProject(resolve('.'), { POSTGRES_PASSWORD: 'x', REDIS_PASSWORD: 'x' });
    const { uri, asked, stop } = await startStandIn(() => ({ body: { experiment: { experiment_id: '7', name: 'e', artifact_location: 'mlflow-artifacts:/7', lifecycle_stage: 'active' } } }));
    const tracking = { type: 'mlflow_server', uri, auth: 'token', token: '123', model_cache: './data/model-cache' } as const;
    const ports = await bindPorts({ folder, environment: 'local', config: { ...config, tracking } }, INSTALLED);
    try {
      assert.equal(await ports.tracker.ensureExperiment('e'), '7');
      assert.equal(asked[0]?.headers['authorization'], 'Bearer 123');
      await assert.rejects(ports.tracker.modelFolder('no model'), { code: 'INVALID_INPUT' });
      assert.ok(existsSync(join(folder, 'data', 'model-cache')), 'below the project');
    } finally {
      await closePorts(ports);
      await stop();
      await rm(folder, { recursive: true });
    }
  });
});
