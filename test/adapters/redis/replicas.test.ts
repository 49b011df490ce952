import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Redis } from 'ioredis';
import { whenReplicated } from '../../../adapters/redis/replicas.ts';
import { testServers } from '../../support/servers.ts';

describe('Writes that wait for replicas', function () {
  this.timeout(10_000);
  let redis: Redis;
  before(async () => void (redis = new Redis((await testServers()).redisUrl)));
  after(() => redis.quit());
  const wait = { place: 'Redis at x', count: 1, timeoutMs: 50 }; // this server has no replica
  const written = (write: () => Promise<unknown>): Promise<unknown> => whenReplicated(() => Promise.resolve([redis]), wait, write);

  it('say how many replicas have them, over the connection that wrote', async () => {
    await assert.rejects(written(() => redis.ping()), { code: 'UNAVAILABLE', message: /only 0 of 1 replicas had them within 50 ms/ });
  });

  it('are not vouched for where the connection was lost meanwhile, whatever the new one says', async () => {
    const lost = async (): Promise<void> => {
      redis.disconnect(true);
      await once(redis, 'ready');
    };
    await assert.rejects(written(lost), { code: 'UNAVAILABLE', message: /its connection lost, while rows were written/ });
  });

  it('are not waited for where nobody asks for it', async () => {
    assert.equal(await whenReplicated(() => assert.fail('no server is asked'), { ...wait, count: 0 }, () => Promise.resolve('done')), 'done');
  });
});
