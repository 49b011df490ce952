import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Bucket } from '@google-cloud/storage';
import { createFeastFileRegistry } from '../../adapters/feast/registry/file-registry.ts';
import { createStorageClient } from '../../adapters/gcs/client.ts';
import { createGcsRegistryFile } from '../../adapters/gcs/registry-file.ts';
import { createRedisLocks } from '../../adapters/redis/locks.ts';
import type { FeatureRegistry } from '../../ports/feature-registry.ts';
import { repository } from '../adapters/feast/registry/repository.ts';
import { cloudServers, type CloudServers } from '../support/cloud-servers.ts';
import { testServers } from '../support/servers.ts';
import { hasFeast } from './feast/registry-side.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PYTHON = join(process.env['ML_PIPELINE_TOOLS'] ?? join(ROOT, '.tools'), 'feast', 'bin', 'python');

describe("Feast's Python SDK, on the registry file in Cloud Storage", function () {
  this.timeout(180_000); // importing Feast takes seconds
  let servers: CloudServers;
  let bucket: Bucket;
  const project = `cloud_${randomBytes(4).toString('hex')}`;
  const registries: FeatureRegistry[] = [];

  before(async function () {
    if (!hasFeast()) return this.skip();
    servers = await cloudServers();
    bucket = createStorageClient({ project: servers.project, apiEndpoint: servers.gcsUrl }).bucket(`feast-${randomBytes(6).toString('hex')}`);
    await bucket.create();
  });
  after(async () => {
    for (const registry of registries) await registry.close();
    await bucket?.deleteFiles({ force: true });
    await bucket?.delete();
  });

  async function registryOf(object: string, name = project): Promise<FeatureRegistry> {
    const { redisUrl: url } = await testServers();
    const registry = createFeastFileRegistry({ file: createGcsRegistryFile(bucket, object), locks: createRedisLocks({ url, project: name }), project: name, tables: 'bigquery' });
    registries.push(registry);
    return registry;
  }

  /** The variables are all that cloud_feature_store.yaml names, and the stand-in's address. */
  function feast(command: string, object: string): Promise<Record<string, unknown>> {
    const environment = {
      ...process.env,
      PROJECT: project,
      REGISTRY: `gs://${bucket.name}/${object}`,
      STORAGE_EMULATOR_HOST: servers.gcsUrl,
      GOOGLE_CLOUD_PROJECT: servers.project,
      ARTIFACTS_BUCKET: bucket.name,
      REDIS_HOST: 'redis.example.com',
      REDIS_PORT: '6380',
      REDIS_USER: 'feast',
      REDIS_PASSWORD: 'secret',
      REDIS_CA_FILE: '/secrets/redis/ca.pem',
      FEAST_USAGE: 'False',
    };
    return new Promise((resolve, reject) => {
      execFile(PYTHON, ['-W', 'ignore', join(ROOT, 'test/interop/feast/cloud_client.py'), command], { env: environment, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
        if (error === null) resolve(JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Record<string, unknown>);
        else reject(new Error(`cloud_client.py ${command}: ${stderr}`));
      });
    });
  }

  it('loads the settings of the cloud, and lists what we apply, with its types, tables and intervals', async () => {
    const registry = await registryOf('ours.db');
    const mark = { endMicros: 1_700_003_600_123_456, renewedMicros: 1 };
    await registry.apply(repository);
    await registry.recordMaterialization('weather', 1_700_000_000_000_000, 1_700_003_600_123_456, undefined, mark);
    const { config, ...listed } = await feast('listing', 'ours.db');
    assert.deepEqual(config, ['gcp', 'bigquery', 'redis', 'redis.example.com:6380,username="feast",password="secret",ssl=true,ssl_ca_certs="/secrets/redis/ca.pem"', 3]);
    assert.deepEqual(listed, {
      projects: [project],
      entities: [['airport', 'origin', 'STRING', 'An airport of departure'], ['carrier', 'carrier', 'INT64', '']],
      sources: [
        ['calendar_source', 'BigQuerySource', 'feature_mart.calendar', 'event_timestamp', '', {}],
        ['punctuality_source', 'BigQuerySource', 'feature_mart.punctuality', 'event_timestamp', '', {}],
        ['weather_source', 'BigQuerySource', 'feature_mart.weather', 'event_timestamp', 'created_timestamp', { temperature: 'temp' }],
      ],
      views: [
        ['calendar', [], [['holidays', 'Int64']], 86_400, true, [], 'feature_mart.calendar'],
        ['punctuality', ['airport', 'carrier'], [['flights', 'Int32'], ['recent_delays', 'Array(Int64)']], null, false, [], 'feature_mart.punctuality'],
        ['weather', ['airport'], [['temp', 'Float64'], ['gusty', 'Bool'], ['visib', 'Float32'], ['observed_at', 'UnixTimestamp']], 21_600, true, [[1_700_000_000, 1_700_003_600.123456]], 'feature_mart.weather'],
      ],
      services: [['delay_v1', [['weather', ['visib', 'temp']], ['punctuality', ['flights', 'recent_delays']]]]],
      versions: [['v0', 'feature_view']],
      note: JSON.stringify({ weather: mark }),
    });
  });

  it('writes a registry that we read, and finds its own fields, permissions and notes in what we write after it', async () => {
    await (await registryOf('shared.db', 'another_project')).apply(repository);
    await feast('apply', 'shared.db');
    const registry = await registryOf('shared.db');
    const { views, featureServices, unusable } = await registry.contents();
    assert.deepEqual(views.map(({ view }) => [view.name, view.source.table, view.ttlSeconds, view.features.map(({ name, type }) => `${name} ${type}`)]), [['weather', 'feature_mart.weather', 21_600, ['temp Float64']]]);
    assert.deepEqual(featureServices.map(({ name, features }) => [name, features]), [['delay_v1', [{ view: 'weather', features: ['temp'] }]]]);
    assert.deepEqual(unusable.map(({ name, reason }) => [name, reason.split('.')[0]]), [['queried', 'It is a query, not a table']]);
    await registry.recordMaterialization('weather', 1_000_000, 2_000_000, undefined, { endMicros: 2_000_000, renewedMicros: 3 });
    const { weather } = Object.fromEntries((await registry.featureViews()).map(({ view }) => [view.name, view]));
    await registry.apply({ ...(await registry.contents()), featureViews: [{ ...weather!, description: 'Other words' }] });
    assert.deepEqual(await feast('kept', 'shared.db'), { org: 'ads', offline: true, description: 'Other words', permissions: ['readers'], theirs: 'kept', projects: ['another_project', project].sort() });
  });

  it('leaves our notes and the fields that only we write when it applies its definitions over ours', async () => {
    const registry = await registryOf('over.db');
    await registry.apply(repository);
    const mark = { endMicros: 2_000_000, renewedMicros: 3 };
    await registry.recordMaterialization('weather', 1_000_000, 2_000_000, undefined, mark);
    await feast('apply', 'over.db');
    const weather = (await registry.featureViews()).find(({ view }) => view.name === 'weather');
    assert.deepEqual([weather?.mark, weather?.view.owner], [mark, 'someone']);
    assert.equal((await feast('kept', 'over.db'))['theirs'], 'kept');
  });
});
