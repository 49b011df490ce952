import assert from 'node:assert/strict';
import { createRedisPushLedger } from '../../../adapters/redis/push-ledger.ts';
import { addressOfTls, startTlsRedisCluster, type TestTlsRedisCluster } from '../../support/redis-servers.ts';

describe('The ledger of pushes in a Redis Cluster over TLS', function () {
  this.timeout(60_000);
  let cluster: TestTlsRedisCluster;
  before(async () => {
    cluster = await startTlsRedisCluster();
  });
  after(() => cluster.close());

  it('has all of a project on one server, whichever the project, with the rights that the online store needs', async () => {
    for (const project of ['one', 'two', 'three', 'four']) {
      const ledger = createRedisPushLedger({ ...addressOfTls(cluster), topology: 'cluster', project });
      const event = Buffer.alloc(16, 1);
      const { token } = (await ledger.lock([event], []))!;
      assert.equal(await ledger.plan(token, Buffer.from('plan')), true);
      await ledger.confirm(token, { events: [{ event, latest: event, createdMicros: 5 }], contents: [], notes: [{ id: 'a', rowCount: 3, body: 'body', dueMicros: null }] });
      assert.equal(await ledger.waitingRows(), 3);
      assert.deepEqual(await ledger.takeDue(0, 5), [{ id: 'a', body: 'body' }]);
      await ledger.setAside('a', 'why');
      await ledger.forget(Date.now() * 1000 + 1_000_000);
      assert.deepEqual((await ledger.lock([event], []))!.events, [undefined]);
      await ledger.close();
    }
  });
});
