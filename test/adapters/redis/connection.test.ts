import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { createRedisOnlineStore } from '../../../adapters/redis/online-store.ts';
import type { RedisOnlineStoreOptions } from '../../../adapters/redis/online-store.ts';
import { PipelineError } from '../../../domain/errors.ts';
import type { OnlineStore } from '../../../ports/online-store.ts';
import { testBatch, testView } from '../../contracts/online-rows.ts';
import { openRedisHarness } from './harness.ts';
import type { RedisHarness } from './harness.ts';
import { openRelay } from './relay.ts';
import type { Relay } from './relay.ts';

const VIEW = testView('numbers', [{ name: 'id', type: 'Int64' }], [{ name: 'n', type: 'Int64' }]);
const OTHER_VIEW = testView('others', [{ name: 'id', type: 'Int64' }], [{ name: 'n', type: 'Int64' }]);
const ROWS = Array.from({ length: 3000 }, (_, id) => ({ key: [BigInt(id)], values: [BigInt(id)], event: 1e15 + id, created: 1e15 }));
const BATCH = testBatch(VIEW, ROWS);
const KEYS = ROWS.map((row) => row.key);

describe('the connection of the Redis online store', () => {
  let harness: RedisHarness;
  let relay: Relay;
  const stores: OnlineStore[] = [];
  const open = (options: Omit<RedisOnlineStoreOptions, 'project'>): OnlineStore => {
    const store = createRedisOnlineStore({ project: harness.project, ...options });
    stores.push(store);
    return store;
  };
  const relayed = (options: Partial<RedisOnlineStoreOptions> = {}): OnlineStore => {
    const { password } = new URL(harness.url);
    return open({ host: '127.0.0.1', port: relay.port, ...(password === '' ? {} : { password }), ...options });
  };

  before(async () => {
    harness = await openRedisHarness();
    const { hostname, port } = new URL(harness.url);
    relay = await openRelay({ host: hostname, port: Number(port) });
  });
  after(async () => {
    await Promise.all(stores.map((store) => store.close()));
    await relay.close();
    await harness.close();
  });

  it('reads all entities of all views in one round trip', async () => {
    const store = relayed();
    await store.write(VIEW, BATCH);
    await store.read([{ view: VIEW, features: ['n'], entityKeys: KEYS.slice(0, 1) }]);
    const before = relay.turns();
    const answer = await store.read([{ view: VIEW, features: ['n'], entityKeys: KEYS.slice(0, 50) }, { view: OTHER_VIEW, features: ['n'], entityKeys: KEYS.slice(0, 50) }]);
    assert.equal(relay.turns() - before, 1);
    assert.deepEqual(answer[0]?.[49], { eventTimestampMicros: 1e15 + 49, values: [49n] });
  });

  it('lost in the middle of a write gives an error or goes on, and the write can be repeated: every row is there', async () => {
    for (const bytes of [1, 300, 20_000, 90_000]) {
      await harness.redis.unlink(...KEYS.map((key) => harness.keyOf(VIEW, key)));
      const store = relayed();
      await store.ping();
      relay.cutAfter(bytes);
      const first = await store.write(VIEW, BATCH).catch((error: unknown) => error);
      if (first instanceof Error) assert.equal((first as PipelineError).code, 'UNAVAILABLE');
      const again = await store.write(VIEW, BATCH);
      assert.equal(again.written + again.skipped, ROWS.length);
      const [answer] = await open({ url: harness.url }).read([{ view: VIEW, features: ['n'], entityKeys: KEYS }]);
      assert.deepEqual(answer?.map((row) => row.values[0]), ROWS.map((row) => row.values[0]), `cut after ${bytes} bytes`);
    }
  });

  it('lost in the middle of reads is opened again: each of them gives every value, or says that it could not', async () => {
    const store = relayed();
    await store.write(VIEW, BATCH);
    const request = { view: VIEW, features: ['n'], entityKeys: KEYS };
    for (const bytes of [1, 300, 20_000, 90_000]) {
      relay.cutAfter(bytes);
      const answers = await Promise.all([1, 2, 3].map(() => store.read([request]).catch((error: unknown) => error as PipelineError)));
      for (const answer of answers) {
        if (answer instanceof Error) assert.equal(answer.code, 'UNAVAILABLE');
        else assert.deepEqual(answer[0]!.map((row) => row.values[0]), ROWS.map((row) => row.values[0]), `cut after ${bytes} bytes`);
      }
      const [after] = await store.read([request]);
      assert.deepEqual(after!.map((row) => row.values[0]), ROWS.map((row) => row.values[0]));
    }
  });

  it('sends the script again to a server that has lost it', async () => {
    const store = open({ url: harness.url });
    await store.write(VIEW, BATCH);
    await harness.redis.script('FLUSH');
    assert.deepEqual(await store.write(VIEW, BATCH), { written: 0, skipped: ROWS.length });
  });

  it('to a server that is away is UNAVAILABLE, named with host and port', async () => {
    const port = await unusedPort();
    const store = open({ host: '127.0.0.1', port, password: 'not to be shown' });
    const start = Date.now();
    const calls: readonly Promise<unknown>[] = [store.ping(), store.write(VIEW, BATCH), store.read([{ view: VIEW, features: ['n'], entityKeys: [[1n]] }])];
    await Promise.all(calls.map((call) => assertRejects(call, 'UNAVAILABLE', new RegExp(`127\\.0\\.0\\.1:${port}.*ECONNREFUSED`))));
    assert.ok(Date.now() - start < 5000);
  });

  it('to a server that takes connections and never answers fails after the timeout', async () => {
    const held: Socket[] = [];
    const silent = createServer((socket) => void held.push(socket.on('error', () => socket.destroy())));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const store = open({ host: '127.0.0.1', port: (silent.address() as AddressInfo).port, timeoutMs: 300 });
    const start = Date.now();
    await assertRejects(store.write(VIEW, BATCH), 'UNAVAILABLE', /127\.0\.0\.1:\d+ could not write feature view numbers/);
    await assertRejects(store.ping(), 'UNAVAILABLE', /could not answer/);
    await assertRejects(store.read([{ view: VIEW, features: ['n'], entityKeys: [[1n]] }]), 'UNAVAILABLE', /could not read features/);
    assert.ok(Date.now() - start < 2000);
    for (const socket of held) socket.destroy();
    silent.close();
  });

  it('with a wrong or no password says what to set, and never shows one', async () => {
    for (const password of ['wrong-one', undefined]) {
      const { hostname, port } = new URL(harness.url);
      const error = await assertRejects(open({ host: hostname, port: Number(port), ...(password === undefined ? {} : { password }) }).ping(), 'INVALID_CONFIG', /\.env/);
      assert.doesNotMatch(error.stack ?? '', /wrong-one/);
    }
  });

  it('to something that is no feature store refuses: another type under a key, a timestamp that is none', async () => {
    const store = open({ url: harness.url });
    const [text, damaged] = [-1n, -2n];
    await harness.redis.set(harness.keyOf(VIEW, [text]), 'x');
    await harness.redis.hset(harness.keyOf(VIEW, [damaged]), '_ts:numbers', Buffer.from('08ffff', 'hex'));
    for (const id of [text, damaged]) {
      await assertRejects(store.write(VIEW, testBatch(VIEW, [{ key: [id], values: [1n], event: 0 }])), 'INVALID_DATA', /Redis at/);
      await assertRejects(store.read([{ view: VIEW, features: ['n'], entityKeys: [[id]] }]), 'INVALID_DATA', /./);
    }
  });

  it('closes without a server, twice, and when it was never opened', async () => {
    const store = open({ host: '127.0.0.1', port: await unusedPort() });
    await store.close();
    await store.close();
    await assertRejects(store.ping(), 'UNAVAILABLE', /closed/);
  });

  it('is refused at once where its settings make no sense', () => {
    for (const options of [{ url: 'http://localhost' }, { url: 'localhost:6379' }, { keyTtlSeconds: 0 }, { keyTtlSeconds: 1.5 }, { rowsPerCall: 0 }, { project: '' }, { layout: 'readable', topology: 'cluster' }, { layout: 'readable', topology: 'cluster_endpoint' }, { topology: 'cluster', database: 1 }] as const) {
      assert.throws(() => createRedisOnlineStore({ project: 'p', ...options }), (error: unknown) => error instanceof PipelineError && error.code === 'INVALID_CONFIG', JSON.stringify(options));
    }
  });
});

async function assertRejects(call: Promise<unknown>, code: string, message: RegExp): Promise<PipelineError> {
  const error = await call.then(() => assert.fail('the call succeeded'), (reason: unknown) => reason);
  assert.ok(error instanceof PipelineError, String(error));
  assert.equal(error.code, code, error.message);
  assert.match(error.message, message);
  return error;
}

async function unusedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
