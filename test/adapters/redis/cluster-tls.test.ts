import assert from 'node:assert/strict';
import { Cluster, Redis } from 'ioredis';
import { createRedisOnlineStore } from '../../../adapters/redis/online-store.ts';
import type { RedisOnlineStoreOptions } from '../../../adapters/redis/online-store.ts';
import { PipelineError } from '../../../domain/errors.ts';
import type { OnlineStore } from '../../../ports/online-store.ts';
import { describeOnlineStoreContract } from '../../contracts/online-store.contract.ts';
import { testBatch, testView } from '../../contracts/online-rows.ts';
import { addressOfTls, startTlsRedisCluster } from '../../support/redis-servers.ts';
import type { TestTlsRedisCluster } from '../../support/redis-servers.ts';
import { selfSigned } from '../../support/self-signed.ts';
import { openHarness } from './harness.ts';

describeOnlineStoreContract('Redis Cluster with TLS and a user of few rights', async () => {
  const cluster = await startTlsRedisCluster();
  const { user: username, password, certificateAuthority: ca, nodes } = cluster;
  const client = new Cluster([{ host: '127.0.0.1', port: nodes[0]!.port }], { redisOptions: { username, password, tls: { ca, servername: 'localhost' } } });
  const harness = openHarness(client, { project: 'contract', ...addressOfTls(cluster) });
  return { ...harness, close: () => harness.close().finally(() => cluster.close()) };
});

describe('The online store in a Redis Cluster with TLS', function () {
  this.timeout(60_000);
  const VIEW = testView('numbers', [{ name: 'id', type: 'Int64' }], [{ name: 'n', type: 'Int64' }]);
  const ROWS = Array.from({ length: 500 }, (_, id) => ({ key: [BigInt(id)], values: [BigInt(id)], event: 1e15 }));
  let cluster: TestTlsRedisCluster;
  const stores: OnlineStore[] = [];
  const open = (options: Partial<RedisOnlineStoreOptions> = {}): OnlineStore => {
    const store = createRedisOnlineStore({ project: 'shop', ...addressOfTls(cluster), ...options });
    stores.push(store);
    return store;
  };
  const readAll = async (from: OnlineStore) => (await from.read([{ view: VIEW, features: ['n'], entityKeys: ROWS.map(({ key }) => key) }]))[0]?.map((row) => row.values[0]);

  before(async () => {
    cluster = await startTlsRedisCluster();
  });
  after(async () => {
    await Promise.all(stores.map((store) => store.close()));
    await cluster.close();
  });

  it('finds all servers by the addresses that they give, though their certificate is for the name in the settings', async () => {
    const store = open();
    assert.deepEqual(await store.write(VIEW, testBatch(VIEW, ROWS)), { written: ROWS.length, skipped: 0 });
    assert.deepEqual(await readAll(store), ROWS.map(({ values }) => values[0]));
    for (const { port } of cluster.nodes.slice(0, 3)) {
      const client = new Redis({ host: '127.0.0.1', port, username: cluster.user, password: cluster.password, tls: { ca: cluster.certificateAuthority, servername: 'localhost' } });
      assert.match(await client.info('keyspace'), /db0:keys=1\d\d,/);
      client.disconnect();
    }
  });

  it('is found by another of its servers where the first one is away, and lists and removes what it holds', async () => {
    const store = open({ port: 1, otherNodes: [{ host: 'localhost', port: cluster.nodes[2]!.port }] });
    assert.deepEqual(await readAll(store), ROWS.map(({ values }) => values[0]));
    const listed = new Set<unknown>();
    for await (const batch of store.entities(VIEW, 100)) for (const [id] of batch) listed.add(id);
    assert.equal(listed.size, ROWS.length);
    assert.deepEqual(await store.remove(VIEW, ROWS.slice(0, 10).map(({ key }) => key)), { removed: 10 });
  });

  it('refuses servers whose certificate is of another authority or for another name, plain connections, and a wrong password, each with its reason', async () => {
    const cases: readonly (readonly [Partial<RedisOnlineStoreOptions>, string, RegExp])[] = [
      [{ certificateAuthority: () => selfSigned().certificate }, 'INVALID_CONFIG', /tls\.ca_file in online_store/],
      [{ host: '127.0.0.1' }, 'INVALID_CONFIG', /Set online_store\.host to the name/],
      [{ tls: false }, 'UNAVAILABLE', /Redis Cluster at localhost:\d+ .*online_store\.tls/],
      [{ password: 'wrong-one' }, 'INVALID_CONFIG', /\.env/],
    ];
    for (const [options, code, message] of cases) {
      const error = await open({ ...options, timeoutMs: 3000 }).write(VIEW, testBatch(VIEW, ROWS)).catch((reason: unknown) => reason);
      assert.ok(error instanceof PipelineError, String(error));
      assert.equal(error.code, code, error.message);
      assert.match(error.message, message);
      assert.doesNotMatch(error.stack ?? '', /wrong-one/);
    }
  });
});
