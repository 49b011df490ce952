import assert from 'node:assert/strict';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { openRedisHarness, type RedisHarness } from '../adapters/redis/harness.ts';
import { createTables, viewOf } from '../api/feast/harness.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { until } from '../support/worker-process.ts';

const CREATED = Buffer.from('_created:user_item');

describe('a feature server killed in the middle of a push', function () {
  this.timeout(90_000);
  let redis: RedisHarness;
  let database: TestDatabase;
  let client: pg.Client;
  let blackHole: Server;
  const sockets: Socket[] = [];
  const children: ChildProcess[] = [];

  before(async () => {
    [redis, database] = await Promise.all([openRedisHarness(), createTestDatabase()]);
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await createTables(client);
    blackHole = createServer((socket) => void sockets.push(socket.on('error', () => undefined)));
    await new Promise<void>((resolve) => blackHole.listen(0, '127.0.0.1', resolve));
  });
  after(async () => {
    for (const child of children) child.kill('SIGKILL');
    sockets.forEach((socket) => socket.destroy());
    await new Promise((resolve) => blackHole.close(resolve));
    await client.end();
    await redis.close();
    await database.drop();
  });

  const start = async (redisUrl: string): Promise<{ readonly url: string; readonly kill: () => Promise<void> }> => {
    const settings = { postgresUrl: database.url, redisUrl, project: redis.project };
    const child = fork(join(import.meta.dirname, 'push-server.ts'), [JSON.stringify(settings)], { execArgv: ['--import', 'tsx'] });
    children.push(child);
    const [url] = (await once(child, 'message')) as [string];
    return {
      url,
      kill: async () => {
        const ended = once(child, 'exit');
        child.kill('SIGKILL');
        await ended;
      },
    };
  };
  const push = (url: string, user: number, event: string): Promise<number | undefined> =>
    fetch(`${url}/push`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ push_source_name: 'item_push', df: { user_id: [user], item_id: ['x'], n: [user * 10], event_timestamp: [event] }, to: 'online_and_offline' }) }).then(({ status }) => status, () => undefined);
  const offline = async (): Promise<{ user_id: string; n: string; event: string; created: string }[]> =>
    (await client.query('SELECT user_id, n, (extract(epoch FROM event_timestamp) * 1000000)::int8 AS event, (extract(epoch FROM created_timestamp) * 1000000)::int8 AS created FROM feature_mart.user_item ORDER BY 1')).rows;
  const pending = async (): Promise<number> => Number((await client.query('SELECT count(*) FROM push_log.pending')).rows[0].count);

  /** Every row of the table is in the online store with the same value, event and created timestamp. */
  const assertSame = async (): Promise<void> => {
    const view = viewOf('user_item');
    const rows = await offline();
    const [online] = await redis.connect(null).read([{ view, features: ['n'], entityKeys: rows.map(({ user_id: user }) => [BigInt(user), 'x']) }]);
    assert.deepEqual(online, rows.map(({ n, event }) => ({ eventTimestampMicros: Number(event), values: [BigInt(n)] })));
    for (const { user_id: user, created } of rows) {
      const stored = await redis.redis.hgetBuffer(redis.keyOf(view, [BigInt(user), 'x']), CREATED as never);
      assert.ok(stored !== null, `${user} has a created timestamp online`);
      const seconds = Math.floor(Number(created) / 1e6);
      assert.ok(stored.includes(varint(seconds)), `the created timestamp of ${user} is the same in both stores`);
    }
  };

  it('between the two stores, loses nothing: the next one brings to the online store what the table has', async () => {
    const { port } = blackHole.address() as AddressInfo;
    const first = await start(`redis://127.0.0.1:${port}`);
    const answer = push(first.url, 1, '2026-11-01T00:00:00.5Z');
    await until(async () => (await offline()).length === 1);
    assert.equal(await pending(), 1);
    await first.kill();
    assert.equal(await answer, undefined, 'nobody was told that it is done');
    const second = await start(redis.url);
    await until(async () => (await pending()) === 0);
    await assertSame();
    assert.equal(await push(second.url, 1, '2026-11-01T00:00:00.5Z'), 200, 'the caller tries again');
    assert.equal((await offline()).length, 1);
    await assertSame();
    await second.kill();
  });

  it('at any moment, loses nothing that was accepted, and both stores are equal after the callers tried again', async () => {
    const users = Array.from({ length: 150 }, (_, user) => user + 100);
    let server = await start(redis.url);
    for (let round = 0; round < 3; round++) {
      const statuses = Promise.all(users.map((user) => push(server.url, user, '2026-11-01T01:00:00Z')));
      await sleep(30 + 60 * round);
      await server.kill();
      const there = new Set((await offline()).map(({ user_id: user }) => Number(user)));
      (await statuses).forEach((status, index) => assert.ok(status === undefined || there.has(users[index]!), `the accepted push of ${users[index]} is in the table`));
      server = await start(redis.url);
    }
    const last = await Promise.all(users.map((user) => push(server.url, user, '2026-11-01T01:00:00Z')));
    assert.deepEqual([...new Set(last)], [200]);
    await until(async () => (await pending()) === 0);
    assert.equal((await offline()).length, users.length + 1);
    await assertSame();
    await server.kill();
  });
});

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let left = value; ; left = Math.floor(left / 128)) {
    if (left < 128) return Buffer.from([...bytes, left]);
    bytes.push((left % 128) | 128);
  }
}
