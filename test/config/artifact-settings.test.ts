import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CreateBucketRequest } from '@google-cloud/storage';
import { artifacts } from '../../config/artifact-settings.ts';
import type { GcsArtifacts } from '../../config/artifact-settings.ts';
import { bindArtifactStore, bindLogArchive, bindRunStorage } from '../../config/bind-artifacts.ts';
import { bucketResources } from '../../config/bucket-resources.ts';
import { loadProject } from '../../config/load-config.ts';
import { check } from '../../domain/validation/shape.ts';
import { openGcsHarness } from '../adapters/gcs/harness.ts';
import { startRecordingServer } from '../adapters/gcs/recording-server.ts';
import { cloudServers } from '../support/cloud-servers.ts';

const GCS = {
  type: 'gcs',
  project: 'p',
  labels: { app: 'ml-pipeline' },
  buckets: {
    data: { name: 'data-bucket', lifecycle: [{ action: 'delete', age_days: 60, prefix: 'runs/' }] },
    artifacts: { name: 'artifact-bucket', versioning: true, lifecycle: [{ action: 'delete', noncurrent_days: 30 }, { action: 'nearline', age_days: 90 }] },
    logs: { name: 'log-bucket' },
  },
};
const settings = (value: object = GCS): GcsArtifacts => {
  const { value: checked, issues } = check(artifacts, value);
  assert.deepEqual(issues, []);
  return checked as GcsArtifacts;
};

describe('settings of artifacts', () => {
  it('name a bucket for each purpose, with a location, a cache and nothing public unless they say otherwise', () => {
    const { location, cache, buckets } = settings();
    assert.deepEqual([location, cache, buckets.logs], ['us', { folder: './data/cache', max_gigabytes: 20 }, { name: 'log-bucket', versioning: false, lifecycle: [] }]);
    assert.deepEqual(check(artifacts, { type: 'file', folder: './data' }), { value: { type: 'file', folder: './data' }, issues: [] });
  });

  it('are refused with every problem at once', () => {
    const wrong = { ...GCS, prefix: '/a', api_endpoint: 'http://x/path', buckets: { data: { name: 'Upper' }, artifacts: { name: 'artifact-bucket', lifecycle: [{ action: 'delete', age_days: 0 }, { action: 'nearline', noncurrent_days: 3 }] } } };
    const { issues } = check(artifacts, wrong);
    assert.deepEqual(issues.map(({ keys }) => keys.join('.')), ['buckets.data.name', 'buckets.artifacts.lifecycle.0.age_days', 'buckets.artifacts.lifecycle.1.action', 'buckets.logs', 'prefix', 'api_endpoint']);
    assert.match(check(artifacts, { type: 's3' }).issues[0]?.cure ?? '', /file, gcs/);
  });

  it('become buckets as Cloud Storage takes them, and requests that make them', async () => {
    const resources = bucketResources(settings());
    const abandoned = { action: { type: 'AbortIncompleteMultipartUpload' }, condition: { age: 7 } };
    const common = { location: 'US', storageClass: 'STANDARD', iamConfiguration: { uniformBucketLevelAccess: { enabled: true }, publicAccessPrevention: 'enforced' } };
    assert.deepEqual(resources.data, { ...common, name: 'data-bucket', labels: { app: 'ml-pipeline' }, versioning: { enabled: false }, lifecycle: { rule: [{ action: { type: 'Delete' }, condition: { age: 60, matchesPrefix: ['runs/'] } }, abandoned] } });
    assert.deepEqual(resources.artifacts.lifecycle.rule, [{ action: { type: 'Delete' }, condition: { daysSinceNoncurrentTime: 30, isLive: false } }, { action: { type: 'SetStorageClass', storageClass: 'NEARLINE' }, condition: { age: 90, matchesStorageClass: ['STANDARD'] } }, abandoned]);
    assert.deepEqual([resources.artifacts.versioning, resources.logs.lifecycle.rule], [{ enabled: true }, [abandoned]]);
    const server = await startRecordingServer(() => ({ json: { kind: 'storage#bucket' } }));
    try {
      // cloud.google.com/storage/docs/json_api/v1/buckets/insert
      await server.client.createBucket(resources.data.name, resources.data as unknown as CreateBucketRequest);
      assert.deepEqual([server.asked[0]?.method, server.asked[0]?.path, server.asked[0]?.query.get('project')], ['POST', '/storage/v1/b', 'p']);
      assert.deepEqual(JSON.parse(String(server.asked[0]?.body)), resources.data);
    } finally {
      await server.stop();
    }
  });

  it('of the cloud are those that the bootstrap script gives the buckets', async () => {
    const names = ['GOOGLE_CLOUD_PROJECT', 'REDIS_HOST', 'REDIS_USER', 'REDIS_PASSWORD', 'MLFLOW_TRACKING_URI', 'TEMPORAL_API_KEY', 'TEMPORAL_NAMESPACE'];
    const variables = { ...Object.fromEntries(names.map((name) => [name, 'my-project'])), APP_ENV: 'cloud', MLFLOW_TRACKING_URI: 'https://mlflow.example.com', REDIS_PORT: '6379', TEMPORAL_ADDRESS: 'x:7233' };
    const { config } = await loadProject('.', variables);
    assert.ok(config.artifacts.type === 'gcs');
    for (const [purpose, { lifecycle }] of Object.entries(bucketResources(config.artifacts))) {
      assert.deepEqual(JSON.parse(await readFile(join('deploy', 'buckets', `${purpose}.json`), 'utf8')), lifecycle, purpose);
    }
  });

  it('bind files between steps, runs to clear up and the archive of logs to their buckets', async () => {
    const [harness, { gcsUrl }, folder] = await Promise.all([openGcsHarness(), cloudServers(), mkdtemp(join(tmpdir(), 'bind-artifacts-'))]);
    try {
      const bound = settings({ ...GCS, prefix: 'team/a', api_endpoint: gcsUrl, buckets: { ...GCS.buckets, data: { name: harness.bucket.name }, logs: { name: harness.bucket.name } } });
      const store = await bindArtifactStore(folder, bound);
      const attempt = await store.temporaryFolder('train');
      await writeFile(join(attempt, 'x'), 'text');
      await store.publish(join(attempt, 'x'), store.uri('runs/k/x'));
      assert.equal(store.uri('runs/k/x'), `gs://${harness.bucket.name}/team/a/runs/k/x`);
      assert.equal(await readFile(await store.localPath(store.uri('runs/k/x')), 'utf8'), 'text');
      assert.deepEqual((await (await bindRunStorage(folder, bound)).list()).map(({ kind }) => kind), ['run', 'temporary']);
      await writeFile(join(folder, 'api.log'), '{}\n');
      assert.equal(await (await bindLogArchive(bound)).keep(join(folder, 'api.log'), 'host/api.log'), `gs://${harness.bucket.name}/host/api.log`);
      await assert.rejects(bindLogArchive({ type: 'file', folder }), { code: 'UNSUPPORTED' });
    } finally {
      await harness.close();
      await rm(folder, { recursive: true });
    }
  });
});
