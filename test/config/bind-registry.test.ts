import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { openBigQuery } from '../../adapters/bigquery/connection.ts';
import { createStorageClient } from '../../adapters/gcs/client.ts';
import { bindFileRegistry } from '../../config/bind-registry.ts';
import type { FileRegistrySettings } from '../../config/registry-settings.ts';
import { snapshotView } from '../../domain/features/resolve.ts';
import { repository } from '../adapters/feast/registry/repository.ts';
import { cloudServers } from '../support/cloud-servers.ts';
import { testServers } from '../support/servers.ts';

describe('A registry file, bound by the settings', function () {
  this.timeout(30_000);

  it('is in its bucket, shown by its table, with its locks in the Redis of the online store', async () => {
    const { gcsUrl, bigqueryUrl, project } = await cloudServers();
    const name = `bound_${randomBytes(6).toString('hex')}`;
    const bucket = createStorageClient({ project, apiEndpoint: gcsUrl }).bucket(name.replace('_', '-'));
    const { client } = openBigQuery({ project, location: 'us-central1', datasets: { raw: name, feature_mart: name, spine: name, registry: name }, maximum_bytes_billed: 1e9, api_endpoint: bigqueryUrl });
    await Promise.all([bucket.create(), client.createDataset(name)]);
    const redis = new URL((await testServers()).redisUrl);
    const settings: FileRegistrySettings = { type: 'feast_file', path: `gs://${bucket.name}/feast/registry.db`, api_endpoint: gcsUrl, table: { project, dataset: name, location: 'us-central1', api_endpoint: bigqueryUrl } };
    const registry = await bindFileRegistry('/', settings, {
      project: name,
      warehouse: { type: 'bigquery', project, location: 'us-central1', datasets: { raw: name, feature_mart: name, spine: name, registry: name }, maximum_bytes_billed: 1e9 },
      online_store: { type: 'redis', host: redis.hostname, port: Number(redis.port), password: decodeURIComponent(redis.password), key_ttl_seconds: 60 },
    });
    try {
      const plan = await registry.apply(repository);
      assert.deepEqual([plan.changes.length, plan.warnings], [10, undefined]);
      assert.deepEqual((await bucket.getFiles())[0].map((file) => file.name), ['feast/registry.db']);
      const [rows] = await client.query(`SELECT COUNT(*) AS n FROM \`${name}.objects\` WHERE kind = 'feature view'`);
      assert.deepEqual(rows, [{ n: 3 }]);
      assert.equal(await registry.whileDefined(snapshotView(repository, 'weather'), () => Promise.resolve('written')), 'written');
      assert.equal((await registry.contents()).dataSources.find((source) => source.name === 'weather_source')?.table, 'feature_mart.weather');
    } finally {
      await registry.close();
      await bucket.deleteFiles({ force: true });
      await Promise.all([bucket.delete(), client.dataset(name).delete({ force: true })]);
    }
  });
});
