import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { openRedis } from '../../../adapters/redis/connection.ts';
import type { RedisAddress } from '../../../adapters/redis/address.ts';
import { PipelineError } from '../../../domain/errors.ts';
import { selfSigned, type SelfSigned } from '../../support/self-signed.ts';

/** Speaks just enough of Redis to be connected to; `slots`: what it answers when asked for the shape of the cluster. */
async function startStandIn({ certificate, privateKey }: SelfSigned, slots: () => string = () => '*0\r\n'): Promise<{ readonly port: number; readonly names: Set<string>; close(): Promise<void> }> {
  const sockets = new Set<TLSSocket>();
  const names = new Set<string>();
  const server: Server = createServer({ cert: certificate, key: privateKey }, (socket) => {
    sockets.add(socket);
    names.add(String(socket.servername));
    socket.on('error', () => socket.destroy());
    socket.on('data', (bytes) => {
      for (const command of bytes.toString().split(/\*\d+\r\n/).slice(1)) socket.write(/slots/i.test(command) ? slots() : /info/i.test(command) ? '$18\r\ncluster_state:ok\r\n\r\n' : '+OK\r\n');
    });
  });
  server.on('tlsClientError', () => undefined); // a client that refuses the certificate goes away
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    names,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}

describe('The certificates of Redis\' servers', function () {
  this.timeout(20_000);
  const good = selfSigned();
  const expired = selfSigned({ validHours: -1 });
  const servers: Awaited<ReturnType<typeof startStandIn>>[] = [];
  const refusal = async (address: RedisAddress): Promise<PipelineError> => {
    const redis = openRedis({ tls: true, timeoutMs: 3000, ...address });
    try {
      const [answer] = await redis.send([{ name: 'GET', key: Buffer.from('k'), args: ['k'] }]).catch((error: unknown) => [error]);
      return redis.explain(answer, 'read');
    } finally {
      await redis.close();
    }
  };
  before(async () => {
    const bad = await startStandIn(expired);
    const slots = `*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$9\r\nlocalhost\r\n:${bad.port}\r\n`;
    servers.push(await startStandIn(good, () => slots), bad);
  });
  after(() => Promise.all(servers.map((server) => server.close())));

  it('make a call fail for good where one server of a cluster has an expired one, though the client only knows that its connection closed', async () => {
    const error = await refusal({ topology: 'cluster', host: 'localhost', port: servers[0]!.port, certificateAuthority: () => good.certificate + expired.certificate });
    assert.equal(error.code, 'INVALID_CONFIG', error.message);
    assert.equal(error.retryable, false);
    assert.match(error.message, /not valid at this time: have it renewed/);
  });

  it('are asked for by the name in the settings, and by none where that is an address', async () => {
    for (const host of ['localhost', '127.0.0.1']) {
      const redis = openRedis({ tls: true, host, port: servers[0]!.port, certificateAuthority: () => good.certificate });
      await redis.ping();
      await redis.close();
    }
    assert.deepEqual([...servers[0]!.names].sort(), ['false', 'localhost']);
  });

  it('are compared with an authority that is read with the first call, and anew after it could not be', async () => {
    let reads = 0;
    const redis = openRedis({ tls: true, host: 'localhost', port: servers[0]!.port, certificateAuthority: () => {
      reads += 1;
      if (reads === 1) throw new PipelineError('INVALID_CONFIG', 'no file');
      return good.certificate;
    } });
    assert.equal(reads, 0);
    await assert.rejects(redis.ping(), /no file/);
    await redis.ping();
    await redis.ping();
    assert.equal(reads, 2);
    await redis.close();
  });
});
