import { Cluster, Redis } from 'ioredis';
import { describeOnlineStoreContract } from '../../contracts/online-store.contract.ts';
import { startRedisCluster, startRedisServer, startTlsRedis } from '../../support/redis-servers.ts';
import { openHarness, openRedisHarness } from './harness.ts';

describeOnlineStoreContract('Redis', () => openRedisHarness());

describeOnlineStoreContract('Redis with TLS and a user of few rights', async () => {
  const server = await startTlsRedis();
  const { port, user: username, password, certificateAuthority } = server;
  const client = new Redis({ host: '127.0.0.1', port, username, password, tls: { ca: certificateAuthority } });
  const harness = openHarness(client, { project: 'contract', host: '127.0.0.1', port, username, password, tls: true, certificateAuthority: () => certificateAuthority });
  return { ...harness, close: () => harness.close().finally(() => server.close()) };
});

describeOnlineStoreContract('Redis Cluster', async () => {
  const cluster = await startRedisCluster();
  const [{ port }] = cluster.nodes as [(typeof cluster.nodes)[number]];
  const client = new Cluster([{ host: '127.0.0.1', port }], { redisOptions: { password: cluster.password } });
  const harness = openHarness(client, { project: 'contract', topology: 'cluster', host: '127.0.0.1', port, password: cluster.password });
  return { ...harness, close: () => harness.close().finally(() => cluster.close()) };
});

describeOnlineStoreContract('The readable layout in Redis', async () => {
  const server = await startRedisServer();
  const harness = openHarness(new Redis({ host: '127.0.0.1', port: server.port }), { project: 'contract', layout: 'readable', host: '127.0.0.1', port: server.port });
  return { ...harness, close: () => harness.close().finally(() => server.close()) };
});
