import assert from 'node:assert/strict';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createRedisOnlineStore } from '../../adapters/redis/online-store.ts';
import { openRelay, type Relay } from '../adapters/redis/relay.ts';
import { testServers } from '../support/servers.ts';
import { openApiHarness, type ApiHarness } from './harness.ts';

const instance = (plane: number) => ({ entities: { origin: plane % 2 === 0 ? 'JFK' : 'EWR', plane_id: plane }, request: { distance: 1000, weekend: 0, meal: null } });

describe('The API and its online store', () => {
  let redisUrl: URL;
  let relay: Relay;
  let api: ApiHarness;
  before(async () => {
    redisUrl = new URL((await testServers()).redisUrl);
    relay = await openRelay({ host: redisUrl.hostname, port: Number(redisUrl.port) });
    const url = new URL(redisUrl);
    url.port = String(relay.port);
    api = await openApiHarness({}, createRedisOnlineStore({ url: url.href, project: 'api_test_round_trips' }));
    await api.predict(instance(1)); // connects
  });
  after(async () => {
    await api.close();
    await relay.close();
  });

  it('take one round trip for a request, however many views and instances it has', async () => {
    const before = relay.turns();
    await api.predict(instance(1));
    assert.equal(relay.turns() - before, 1);
    await api.predict(...Array.from({ length: 50 }, (_, index) => instance(index)));
    assert.equal(relay.turns() - before, 2);
  });

  it('answer again after the connection was lost', async () => {
    relay.cutAfter(1);
    assert.equal((await api.predict(instance(1))).predictions.length, 1);
  });
});

describe('The API without its online store', () => {
  const servers: Server[] = [];
  const apis: ApiHarness[] = [];
  const sockets: Socket[] = [];
  /** An API over a store at a port where `answer` makes the connections. */
  const openAt = async (answer: (socket: Socket) => void): Promise<{ readonly api: ApiHarness; readonly server: Server; readonly port: number }> => {
    const server = createServer((socket) => {
      sockets.push(socket);
      answer(socket);
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const api = await openApiHarness({}, createRedisOnlineStore({ host: '127.0.0.1', port, project: 'api_test_away', timeoutMs: 1000 }));
    apis.push(api);
    return { api, server, port };
  };
  after(async () => {
    sockets.forEach((socket) => socket.destroy());
    await Promise.all([...apis.map((api) => api.close()), ...servers.map((server) => new Promise((resolve) => server.close(resolve)))]);
  });

  it('answers 503 in time with Retry-After, without the address, and is not ready; alive it is', async () => {
    for (const answer of [(socket: Socket) => void socket.destroy(), () => undefined]) {
      const { api, port } = await openAt(answer);
      const started = Date.now();
      const said = await api.post({ instances: [instance(1)] });
      assert.ok(Date.now() - started < 4000, `${Date.now() - started} ms`);
      assert.deepEqual([said.status, said.headers.get('retry-after')], [503, '1']);
      assert.deepEqual(said.body, { error: { code: 'UNAVAILABLE', message: 'The online store does not answer; the same request may work later.', problems: [] } });
      const ready = await api.request('/health/ready');
      assert.equal(ready.status, 503);
      assert.match(ready.text, /"status":"not ready","problem":"The online store does not answer."/);
      assert.ok(![said.text, ready.text].some((text) => text.includes(String(port))));
      assert.ok(api.logged.some((line) => line.startsWith('error request failed') && line.includes(String(port))), 'the log names the server');
      assert.equal((await api.request('/health/live')).status, 200);
    }
  });

  it('is ready again as soon as the store is there', async () => {
    const real = new URL((await testServers()).redisUrl);
    const relay = await openRelay({ host: real.hostname, port: Number(real.port) });
    const url = new URL(real);
    url.port = String(relay.port);
    const api = await openApiHarness({}, createRedisOnlineStore({ url: url.href, project: 'api_test_recovery', timeoutMs: 1000 }));
    apis.push(api);
    assert.equal((await api.request('/health/ready')).status, 200);
    await relay.close();
    assert.equal((await api.post({ instances: [instance(1)] })).status, 503);
    const again = await openRelay({ host: real.hostname, port: Number(real.port) }, relay.port);
    const deadline = Date.now() + 5000;
    while ((await api.post({ instances: [instance(1)] })).status !== 200) assert.ok(Date.now() < deadline, 'it did not come back');
    assert.equal((await api.request('/health/ready')).status, 200);
    await api.stop();
    await again.close();
  });
});
