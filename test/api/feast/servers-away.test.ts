import assert from 'node:assert/strict';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createPostgresPushLog } from '../../../adapters/postgres/push-log.ts';
import { createRedisOnlineStore } from '../../../adapters/redis/online-store.ts';
import { openFeastHarness, viewOf, type FeastHarness } from './harness.ts';

const ITEM = { push_source_name: 'item_push', df: { user_id: [1], item_id: ['x'], n: [1], event_timestamp: ['2026-11-02T10:00:00Z'] } };

describe("Feast's routes while a server is away", () => {
  const sockets: Socket[] = [];
  let silent: Server;
  let port: number;
  let api: FeastHarness;
  before(async () => {
    silent = createServer((socket) => void sockets.push(socket.on('error', () => undefined)));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    ({ port } = silent.address() as AddressInfo);
  });
  after(() => new Promise((resolve) => silent.close(resolve)));
  afterEach(async () => {
    sockets.forEach((socket) => socket.destroy());
    await api.close();
  });

  it('answer 503 in time, in the shape of Feast, when Redis does not answer; what goes to the table is kept', async () => {
    api = await openFeastHarness({ onlineStore: ({ project }) => createRedisOnlineStore({ host: '127.0.0.1', port, project, timeoutMs: 500 }) });
    const started = Date.now();
    const read = await api.post('/get-online-features', { features: ['user_stats:clicks'], entities: { user_id: [1] } });
    assert.deepEqual([read.status, read.headers.get('retry-after')], [503, '1']);
    assert.deepEqual(Object.keys(JSON.parse(JSON.parse(read.text))), ['module', 'class', 'message']);
    assert.ok(!read.text.includes(String(port)), 'the address stays in the log');
    assert.equal((await api.post('/push', ITEM)).status, 503);
    assert.equal((await api.post('/push', { ...ITEM, to: 'online_and_offline' })).status, 202);
    assert.equal((await api.database.query('SELECT FROM feature_mart.user_item')).rowCount, 1);
    assert.equal((await api.request('/health')).status, 503);
    assert.ok(Date.now() - started < 15_000, `${Date.now() - started} ms`);
  });

  it('answer 503 and write nothing online when PostgreSQL does not answer, or refuses connections', async () => {
    const away = createServer();
    await new Promise<void>((resolve) => away.listen(0, '127.0.0.1', resolve));
    const refused = (away.address() as AddressInfo).port;
    await new Promise((resolve) => away.close(resolve));
    for (const address of [port, refused]) {
      const pushLog = createPostgresPushLog({ connectionString: `postgresql://user:secret@127.0.0.1:${address}/none` });
      api = await openFeastHarness({ pushLog, queue: { recordMs: 500 } });
      const said = await api.post('/push', { ...ITEM, to: 'online_and_offline' });
      assert.deepEqual([said.status, said.headers.get('retry-after')], [503, '1'], said.text);
      assert.match(said.text, address === port ? /The log of pushes does not answer/ : /PostgreSQL does not answer/);
      assert.ok(!said.text.includes('secret'));
      const [rows] = await api.store.read([{ view: viewOf('user_item'), features: ['n'], entityKeys: [[1n, 'x']] }]);
      assert.equal(rows?.[0]?.eventTimestampMicros, undefined);
      assert.equal((await api.post('/push', ITEM)).status, 200, 'rows for the online store alone do not need it');
      if (address === port) await api.close();
      sockets.forEach((socket) => socket.destroy());
      await pushLog.close();
    }
  });
});
