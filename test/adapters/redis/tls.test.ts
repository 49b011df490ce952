import assert from 'node:assert/strict';
import { createRedisOnlineStore, type RedisOnlineStoreOptions } from '../../../adapters/redis/online-store.ts';
import { PipelineError } from '../../../domain/errors.ts';
import { testBatch, testView } from '../../contracts/online-rows.ts';
import { startTlsRedis, type TestTlsRedis } from '../../support/redis-servers.ts';
import { selfSigned } from '../../support/self-signed.ts';
import { testServers } from '../../support/servers.ts';

const VIEW = testView('numbers', [{ name: 'id', type: 'Int64' }], [{ name: 'n', type: 'Int64' }]);
const BATCH = testBatch(VIEW, [{ key: [1n], values: [1n], event: 1e15 }]);

describe('A Redis with TLS that cannot be used', function () {
  this.timeout(20_000);
  const servers: TestTlsRedis[] = [];
  before(async () => void servers.push(...(await Promise.all([startTlsRedis(), startTlsRedis({ expired: true }), startTlsRedis({ rights: '+@read +@write +@connection +info +time' })]))));
  after(() => Promise.all(servers.map((server) => server.close())));

  const addressOf = ({ port, user: username, password, certificateAuthority }: TestTlsRedis) => ({ host: 'localhost', port, username, password, tls: true, certificateAuthority: () => certificateAuthority }) as const;
  const refusal = async (options: Omit<RedisOnlineStoreOptions, 'project'>): Promise<string> => {
    const store = createRedisOnlineStore({ project: 'shop', timeoutMs: 1500, ...options });
    try {
      const errors = [await store.write(VIEW, BATCH).catch((error: unknown) => error), await store.ping().catch((error: unknown) => error)];
      const [error] = errors.filter((each) => each instanceof Error);
      assert.ok(error instanceof PipelineError, String(error));
      assert.doesNotMatch(error.stack ?? '', /wrong-one/);
      return `${error.code} ${error.message}`;
    } finally {
      await store.close();
    }
  };

  it('is said to have an expired certificate, or one of an unknown authority, with what to do', async () => {
    const [good, expired] = servers as [TestTlsRedis, TestTlsRedis];
    assert.match(await refusal(addressOf(expired)), /^INVALID_CONFIG Redis at localhost:\d+ .*not valid at this time: have it renewed/);
    assert.match(await refusal({ ...addressOf(good), certificateAuthority: () => selfSigned().certificate }), /^INVALID_CONFIG .*tls\.ca_file in online_store/);
  });

  it('is said to refuse the password, and the commands that its user may not give', async () => {
    const [good, , poor] = servers as [TestTlsRedis, TestTlsRedis, TestTlsRedis];
    assert.match(await refusal({ ...addressOf(good), password: 'wrong-one' }), /^INVALID_CONFIG .*refuses the user name or password.*\.env/);
    assert.match(await refusal(addressOf(poor)), /^INVALID_CONFIG .*does not allow its user this command: the user needs .*\+@scripting/);
  });

  it('is said to need TLS where it is spoken to without, and not to have it where it is spoken to with', async () => {
    assert.match(await refusal({ ...addressOf(servers[0]!), tls: false }), /^UNAVAILABLE .*speaks TLS on that port.*online_store\.tls/);
    const plain = new URL((await testServers()).redisUrl);
    assert.match(await refusal({ host: plain.hostname, port: Number(plain.port), password: plain.password, tls: true }), /^UNAVAILABLE .*speaks no TLS on that port.*online_store\.tls/);
  });
});
