import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadProject } from '../../config/load-config.ts';
import { PipelineError } from '../../domain/errors.ts';

const VARIABLES = {
  APP_ENV: 'cloud', GOOGLE_CLOUD_PROJECT: 'my-project', REDIS_HOST: 'redis.example.com', REDIS_PORT: '6380', REDIS_USER: 'ml', REDIS_PASSWORD: '12345',
  MLFLOW_TRACKING_URI: 'https://mlflow.example.com', TEMPORAL_ADDRESS: 'n.a.tmprl.cloud:7233', TEMPORAL_NAMESPACE: 'n.a', TEMPORAL_API_KEY: 'key',
};

describe('config/environments/cloud.yaml', () => {
  let folder: string; // without the .env that may lie in the project's
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cloud-'));
    await cp('config/environments', join(folder, 'config/environments'), { recursive: true });
  });
  after(() => rm(folder, { recursive: true }));

  it('chooses the services of the cloud, by variables alone', async () => {
    const { config } = await loadProject(folder, VARIABLES);
    assert.deepEqual([config.warehouse.type, config.registry.type, config.artifacts.type, config.tracking.type, config.online_store.topology, config.temporal.tls], ['bigquery', 'feast_file', 'gcs', 'mlflow_server', 'cluster_endpoint', true]);
    assert.ok(config.registry.type === 'feast_file');
    assert.deepEqual([config.registry.path, config.registry.table], ['gs://ml-artifacts-prod/feast/registry.db', { project: 'my-project', dataset: 'feast_registry', location: 'us-central1' }]);
    assert.deepEqual([config.online_store.password, config.online_store.port, config.api.port], ['12345', 6380, 8080], 'a password of digits is a text');
    const other = await loadProject(folder, { ...VARIABLES, PORT: '9000', ARTIFACTS_BUCKET: 'mine-artifacts', REDIS_TOPOLOGY: 'cluster' });
    assert.deepEqual([config.telemetry?.type, (await loadProject(folder, { ...VARIABLES, TELEMETRY: 'otlp' })).config.telemetry?.type], [undefined, 'otlp'], 'nothing is sent where no collector is said to be');
    assert.deepEqual([other.config.api.port, other.config.online_store.topology], [9000, 'cluster']);
    assert.ok(other.config.registry.type === 'feast_file' && other.config.registry.path === 'gs://mine-artifacts/feast/registry.db');
  });

  it('names every variable that is missing, at once', async () => {
    await assert.rejects(loadProject(folder, { APP_ENV: 'cloud' }), (error) => {
      assert.ok(error instanceof PipelineError && error.code === 'INVALID_CONFIG');
      for (const name of Object.keys(VARIABLES).filter((key) => key !== 'APP_ENV')) assert.match(error.message, new RegExp(`needs the environment variable ${name}\\b`));
      assert.doesNotMatch(error.message, /is not the address|is "/, 'and says of each one thing');
      return true;
    });
  });

  it('holds no secret, and names the variables that the Feast file beside it names', async () => {
    const text = await readFile('config/environments/cloud.yaml', 'utf8');
    for (const [, key, value] of text.matchAll(/^\s*(password|token|api_key|user):\s*(\S+)/gm)) assert.match(value!, /^\$\{[A-Z_]+\}$/, key);
    const feast = await readFile('config/environments/feast/cloud_feature_store.yaml', 'utf8');
    const named = (yaml: string): Set<string> => new Set([...yaml.replace(/^#.*$/gm, '').matchAll(/\$\{([A-Z_]+)/g)].map(([, name]) => name!));
    for (const name of named(feast)) assert.ok(named(text).has(name), name);
    assert.match(feast, /^project: flights$/m);
    assert.match(text, /^project: flights$/m);
  });
});
