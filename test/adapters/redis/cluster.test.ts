import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { createEntityKeyEncoder } from '../../../adapters/feast/codec/entity-key.ts';
import { keySlot } from '../../../adapters/redis/key-slot.ts';
import { createRedisOnlineStore } from '../../../adapters/redis/online-store.ts';
import type { RedisOnlineStoreOptions } from '../../../adapters/redis/online-store.ts';
import { PipelineError } from '../../../domain/errors.ts';
import type { OnlineStore } from '../../../ports/online-store.ts';
import { testBatch, testView } from '../../contracts/online-rows.ts';
import { startRedisCluster } from '../../support/redis-servers.ts';
import type { TestRedisCluster } from '../../support/redis-servers.ts';
import { testServers } from '../../support/servers.ts';

const VIEW = testView('numbers', [{ name: 'id', type: 'Int64' }], [{ name: 'n', type: 'Int64' }]);
const ROWS = Array.from({ length: 3000 }, (_, id) => ({ key: [BigInt(id)], values: [BigInt(id)], event: 1e15 + id, created: 1e15 }));
const BATCH = testBatch(VIEW, ROWS);

describe('The online store in a Redis Cluster', function () {
  this.timeout(60_000);
  let cluster: TestRedisCluster;
  let store: OnlineStore;
  const stores: OnlineStore[] = [];
  const clients: Redis[] = [];
  const open = (options: Partial<RedisOnlineStoreOptions> = {}): OnlineStore => {
    const opened = createRedisOnlineStore({ project: 'shop', topology: 'cluster', host: '127.0.0.1', port: cluster.nodes[0]!.port, password: cluster.password, ...options });
    stores.push(opened);
    return opened;
  };
  const keyOf = createEntityKeyEncoder('shop', VIEW.joinKeys);
  const readAll = async (from: OnlineStore) => (await from.read([{ view: VIEW, features: ['n'], entityKeys: ROWS.map(({ key }) => key) }]))[0]?.map((row) => row.values[0]);

  before(async () => {
    cluster = await startRedisCluster();
    clients.push(...cluster.nodes.map(({ port }) => new Redis({ host: '127.0.0.1', port, password: cluster.password, retryStrategy: () => null })));
    for (const client of clients) client.on('error', () => undefined); // one of them is killed below
    store = open();
  });
  after(async () => {
    await Promise.all(stores.map((opened) => opened.close()));
    for (const client of clients) client.disconnect();
    await cluster.close();
  });

  it('finds the slot of a key as the servers do, braces and bytes of any value in it', async () => {
    assert.equal(keySlot(Buffer.from('123456789')), 0x31c3);
    const bytes = fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.array(fc.constantFrom(0x7b, 0x7d, 0x61, 0xff), { maxLength: 8 }).map((values) => Uint8Array.from(values)));
    await fc.assert(fc.asyncProperty(bytes, async (key) => assert.equal(keySlot(key), Number(await clients[0]!.call('CLUSTER', 'KEYSLOT', Buffer.from(key))))));
  });

  it('spreads rows over all primaries, and gives the script to each of them', async () => {
    assert.deepEqual(await store.write(VIEW, BATCH), { written: ROWS.length, skipped: 0 });
    const sizes = await Promise.all(clients.slice(0, 3).map((client) => client.dbsize()));
    assert.ok(sizes.every((size) => size > 800), sizes.join());
    await clients[1]!.script('FLUSH');
    assert.deepEqual(await store.write(VIEW, BATCH), { written: 0, skipped: ROWS.length });
    assert.deepEqual(await readAll(store), ROWS.map(({ values }) => values[0]));
  });

  it('follows a slot while and after it moves to another server', async () => {
    const [from, to] = clients as [Redis, Redis];
    const [source, target] = await Promise.all([from, to].map((client) => client.call('CLUSTER', 'MYID') as Promise<string>));
    const moving = Array.from({ length: 200_000 }, (_, id) => BigInt(1_000_000 + id)).find((id) => keySlot(keyOf([id])) === 77)!;
    const write = (event: number) => store.write(VIEW, testBatch(VIEW, [{ key: [moving], values: [BigInt(event)], event }]));
    const value = async () => (await store.read([{ view: VIEW, features: ['n'], entityKeys: [[moving]] }]))[0]?.[0]?.values[0];
    await to.call('CLUSTER', 'SETSLOT', 77, 'IMPORTING', source!);
    await from.call('CLUSTER', 'SETSLOT', 77, 'MIGRATING', target!);
    assert.equal((await write(1)).written, 1);
    assert.equal(await value(), 1n);
    for (const client of [to, from, clients[2]!]) await client.call('CLUSTER', 'SETSLOT', 77, 'NODE', target!);
    assert.equal((await write(2)).written, 1);
    assert.equal(await value(), 2n);
  });

  it('whose server dies during a write fails with an error that asks for another try, and takes the same rows once a replica has its place', async () => {
    const newer = testBatch(VIEW, ROWS.map((row) => ({ ...row, values: [row.values[0]! + 1n], event: row.event + 1 })));
    let failures = 0;
    setTimeout(() => cluster.nodes[0]!.kill(), 20);
    for (const end = Date.now() + 30_000; ; await sleep(100)) {
      assert.ok(Date.now() < end, 'no replica took over');
      const killed = clients[0]!.status === 'end';
      const outcome = await store.write(VIEW, newer).catch((error: unknown) => error);
      if (!(outcome instanceof Error)) {
        if (killed) break;
        continue;
      }
      failures++;
      assert.ok(outcome instanceof PipelineError && outcome.code === 'UNAVAILABLE' && outcome.retryable, String(outcome));
      assert.match(outcome.message, /Redis Cluster/);
    }
    const expected = ROWS.map(({ values }) => values[0]! + 1n);
    assert.deepEqual(await readAll(store), expected, `after ${failures} failures`);
    assert.deepEqual(await readAll(open({ otherNodes: cluster.nodes.slice(1).map(({ port }) => ({ host: '127.0.0.1', port })) })), expected, 'a new client finds the cluster by its other servers');
    const listed = new Set<unknown>();
    for await (const batch of store.entities(VIEW, 1000)) for (const [id] of batch) listed.add(id);
    assert.ok(ROWS.every(({ key }) => listed.has(key[0])));
  });

  it('that is not there is UNAVAILABLE; with a wrong password, or with the other topology, the error says what to set', async () => {
    const single = new URL((await testServers()).redisUrl);
    const cases: [Partial<RedisOnlineStoreOptions>, string, RegExp][] = [
      [{ port: 1, timeoutMs: 2000 }, 'UNAVAILABLE', /127\.0\.0\.1:1 .*ECONNREFUSED/],
      [{ password: 'wrong-one', port: cluster.nodes[1]!.port }, 'INVALID_CONFIG', /\.env/],
      [{ topology: 'single', port: cluster.nodes[1]!.port }, 'INVALID_CONFIG', /topology: cluster/],
      [{ port: Number(single.port), password: single.password }, 'INVALID_CONFIG', /Leave out `topology: cluster`/],
    ];
    for (const [options, code, message] of cases) {
      const error = await open(options).write(VIEW, BATCH).catch((reason: unknown) => reason);
      assert.ok(error instanceof PipelineError, String(error));
      assert.equal(error.code, code, error.message);
      assert.match(error.message, message);
      assert.doesNotMatch(error.stack ?? '', /wrong-one/);
    }
  });
});
