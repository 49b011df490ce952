import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { createEntityKeyEncoder } from '../../../adapters/feast/codec/entity-key.ts';
import { openRedis } from '../../../adapters/redis/connection.ts';
import { keySlot } from '../../../adapters/redis/key-slot.ts';
import { createRedisOnlineStore } from '../../../adapters/redis/online-store.ts';
import type { RedisOnlineStoreOptions } from '../../../adapters/redis/online-store.ts';
import { PipelineError } from '../../../domain/errors.ts';
import type { OnlineStore } from '../../../ports/online-store.ts';
import { testBatch, testView } from '../../contracts/online-rows.ts';
import { addressOfTls, startTlsRedisCluster, type TestTlsRedisCluster } from '../../support/redis-servers.ts';

const VIEW = testView('numbers', [{ name: 'id', type: 'Int64' }], [{ name: 'n', type: 'Int64' }]);
const PROJECT = 'shop';
const keyOf = createEntityKeyEncoder(PROJECT, VIEW.joinKeys);
const IDS = Array.from({ length: 600 }, (_, id) => BigInt(id));
/** Of the primary from 0: slots are spread over three of them evenly. */
const shardOf = (id: bigint): number => Math.floor(keySlot(keyOf([id])) / Math.ceil(16_384 / 3));
const rowsAt = (event: number, ids: readonly bigint[] = IDS) => testBatch(VIEW, ids.map((id) => ({ key: [id], values: [id + BigInt(event)], event })));

describe('The online store in a Redis Cluster whose primaries die', function () {
  this.timeout(60_000);
  let cluster: TestTlsRedisCluster;
  let store: OnlineStore;
  let careful: OnlineStore;
  const stores: OnlineStore[] = [];
  const open = (options: Partial<RedisOnlineStoreOptions> = {}): OnlineStore => {
    const opened = createRedisOnlineStore({ project: PROJECT, ...addressOfTls(cluster), timeoutMs: 1500, ...options });
    stores.push(opened);
    return opened;
  };
  const read = async (ids: readonly bigint[] = IDS): Promise<unknown[]> => (await store.read([{ view: VIEW, features: ['n'], entityKeys: ids.map((id) => [id]) }]))[0]!.map((row) => row.values[0]);
  const untilPromoted = async (index: number): Promise<void> => {
    for (const end = Date.now() + 20_000; (await cluster.roleOf(index)) !== 'master'; await sleep(50)) assert.ok(Date.now() < end, 'the replica did not take over');
  };

  before(async () => {
    cluster = await startTlsRedisCluster();
    store = open({ otherNodes: cluster.nodes.map(({ port }) => ({ host: 'localhost', port })) });
    careful = open({ replicasToWait: 1 });
  });
  after(async () => {
    await Promise.all(stores.map((opened) => opened.close()));
    await cluster.close();
  });

  it('says that rows are written only when a replica of each server has them, where the settings ask for it', async () => {
    assert.deepEqual(await careful.write(VIEW, rowsAt(1)), { written: IDS.length, skipped: 0 });
    await cluster.refuseReplicas(0);
    try {
      for (const writer of [careful, open({ replicasToWait: 1 })]) {
        // The second one finds the rows of the first, which its connection has not written, and does not vouch for them either.
        await assertUnavailable(writer.write(VIEW, rowsAt(2)), /^PipelineError: Redis Cluster at localhost:\d+: rows were written, but .* only 0 of 1 replicas.*sent again.*replicas_to_wait/);
      }
      assert.deepEqual(await store.write(VIEW, rowsAt(3)), { written: IDS.length, skipped: 0 }, 'without it, nobody waits');
    } finally {
      await cluster.allowReplicas(0);
    }
    for (const end = Date.now() + 10_000; ; await sleep(100)) {
      if (await careful.write(VIEW, rowsAt(3)).then(() => true, () => false)) break;
      assert.ok(Date.now() < end, 'the replica did not come back');
    }
  });

  it('goes on reading within seconds of the death of a primary, and says until then that it is not available and what to look at', async () => {
    const killed = Date.now();
    cluster.nodes[1]!.kill();
    const failures: PipelineError[] = [];
    let answer: unknown[] | undefined;
    while (answer === undefined) {
      const asked = Date.now();
      answer = await read().catch((error: unknown) => {
        assert.ok(error instanceof PipelineError, String(error));
        failures.push(error);
        return undefined;
      });
      assert.ok(Date.now() - asked < 3000, `one read took ${Date.now() - asked} ms`);
      assert.ok(Date.now() - killed < 15_000, `no read after 15 s: ${failures.at(-1)?.message}`);
    }
    assert.deepEqual(answer, IDS.map((id) => id + 3n), 'what the replica had is there');
    for (const error of failures) {
      assert.equal(error.code, 'UNAVAILABLE');
      assert.match(error.message, /Redis Cluster at localhost:\d+ .*(away|running|ready|agree)/);
    }
    assert.equal(await cluster.roleOf(4), 'master');
  });

  it('does not vouch for rows that were written while a server was replaced, and goes on reading when one only hangs', async () => {
    const servers = openRedis({ ...addressOfTls(cluster), replicasToWait: 1 });
    try {
      // The dead server of the test before is back as a replica, so that each server has one.
      cluster.nodes[1]!.startAgain();
      for (const end = Date.now() + 15_000; ; await sleep(100)) {
        if (await careful.write(VIEW, rowsAt(4)).then(() => true, () => false)) break;
        assert.ok(Date.now() < end, 'the server did not come back');
      }
      await assertUnavailable(servers.replicated(async () => {
        cluster.nodes[2]!.freeze();
        await untilPromoted(5);
      }).catch((error: unknown) => { throw servers.explain(error, 'write'); }), /^PipelineError: Redis Cluster at localhost:\d+/);
      const asked = Date.now();
      for (let answer; answer === undefined; ) {
        answer = await read().catch(() => undefined);
        assert.ok(Date.now() - asked < 10_000, 'no read though the replica has taken over');
      }
    } finally {
      cluster.nodes[2]!.thaw();
      await servers.close();
    }
  });

  it('loses what a dead primary had taken and its replica had not, unless the writer waits: as Redis itself says', async () => {
    const ids = IDS.filter((id) => shardOf(id) === 0);
    await cluster.refuseReplicas(0);
    const [event, later] = [10, 11];
    assert.deepEqual(await store.write(VIEW, rowsAt(event, ids)), { written: ids.length, skipped: 0 });
    cluster.nodes[0]!.kill();
    await untilPromoted(3);
    let found: unknown[] | undefined;
    for (const end = Date.now() + 15_000; found === undefined; ) {
      found = await read(ids).catch(() => undefined);
      assert.ok(Date.now() < end, 'no read after the failover');
    }
    assert.deepEqual(found, ids.map((id) => id + 4n), 'the rows from before are there');
    assert.deepEqual(await store.write(VIEW, rowsAt(later, ids)), { written: ids.length, skipped: 0 });
    assert.deepEqual(await read(ids), ids.map((id) => id + BigInt(later)));
  });
});

async function assertUnavailable(call: Promise<unknown>, message: RegExp): Promise<void> {
  const error = await call.then(() => assert.fail('the call succeeded'), (reason: unknown) => reason);
  assert.ok(error instanceof PipelineError, String(error));
  assert.equal(error.code, 'UNAVAILABLE');
  assert.match(String(error), message);
}
