/**
 * Rows per second of pushes to both stores: through the list in PostgreSQL (docs/adr/0017-push-log.md), beside a transaction with COPY and an online write without any list,
 * which loses rows when it is killed between the two. 64 pushes at a time; one table with 10 Float64 features.
 *
 *   node --import tsx bench/push.ts postgresql://user:password@host:port/database redis://[:password@]host:port [seconds a case]
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { Redis } from 'ioredis';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { createPostgresPushLog } from '../adapters/postgres/push-log.ts';
import { createRedisOnlineStore } from '../adapters/redis/online-store.ts';
import { createPushQueue } from '../api/feast/push-queue.ts';
import { pushedBatch, type PushedRows } from '../domain/features/pushed-rows.ts';
import type { FeatureViewSnapshot } from '../domain/features/snapshot.ts';

const AT_ONCE = 64;
const NAMES = Array.from({ length: 10 }, (_, index) => `f${index}`);

await main(process.argv[2], process.argv[3], Number(process.argv[4] ?? 5));

async function main(postgresUrl: string | undefined, redisUrl: string | undefined, seconds: number): Promise<void> {
  if (postgresUrl === undefined || redisUrl === undefined) throw new Error('usage: node --import tsx bench/push.ts postgresql://... redis://... [seconds]');
  const name = `bench_push_${randomBytes(6).toString('hex')}`;
  const view: FeatureViewSnapshot = {
    name,
    joinKeys: [{ name: 'user_id', type: 'Int64' }],
    features: NAMES.map((feature) => ({ name: feature, type: 'Float64' })),
    ttlSeconds: null,
    source: { name, table: `public.${name}`, timestampField: 'event_timestamp', createdTimestampColumn: 'created_timestamp' },
    online: true,
    asKnown: false,
  };
  const pool = new pg.Pool({ connectionString: postgresUrl, max: 4 });
  const store = createRedisOnlineStore({ url: redisUrl, project: name, keyTtlSeconds: 600 });
  const pushLog = createPostgresPushLog({ connectionString: postgresUrl });
  await pool.query(`CREATE TABLE ${name} (user_id int8, ${NAMES.map((feature) => `${feature} float8`).join(', ')}, event_timestamp timestamptz, created_timestamp timestamptz)`);
  await pushLog.prepare();
  try {
    const log = { info: () => undefined, warn: console.warn, error: console.error };
    const queue = createPushQueue({ pushLog, onlineStore: store, log });
    const plain = async (rows: PushedRows): Promise<void> => {
      const client = await pool.connect();
      const stream = client.query(copyFrom(`COPY ${name} FROM STDIN`));
      stream.end(rows.rows.map(({ key, values, eventTimestampMicros }) => `${[key[0], ...values].join('\t')}\t${new Date(eventTimestampMicros / 1000).toISOString()}\t\\N\n`).join(''));
      await once(stream, 'finish');
      client.release();
      await store.write(view, pushedBatch(rows));
    };
    console.log(`load average ${(await readFile('/proc/loadavg', 'utf8')).split(' ')[0]}\n| rows a push | way | pushes/s | rows/s |\n| --- | --- | --- | --- |`);
    for (const rowsAPush of [1, 100, 1000]) {
      await measure('through the list', view, rowsAPush, seconds, (rows) => queue.submit({ receivedMicros: Date.now() * 1000, views: [rows], online: true }));
      await measure('COPY, then online, without a list', view, rowsAPush, seconds, plain);
    }
  } finally {
    await pool.query(`DROP TABLE ${name}`);
    await Promise.all([pool.end(), store.close(), pushLog.close()]);
    const redis = new Redis(redisUrl);
    for await (const keys of redis.scanBufferStream({ match: `*${name}`, count: 1000 }) as AsyncIterable<Buffer[]>) if (keys.length > 0) await redis.unlink(...keys);
    await redis.quit();
  }
}

async function measure(way: string, view: FeatureViewSnapshot, rowsAPush: number, seconds: number, push: (rows: PushedRows) => Promise<unknown>): Promise<void> {
  let next = 0;
  let pushes = 0;
  const make = (): PushedRows => {
    const now = Date.now() * 1000;
    const rows = Array.from({ length: rowsAPush }, () => ({ key: [BigInt(next++ % 100_000)], values: NAMES.map((_, index) => next / (index + 3)), eventTimestampMicros: now, createdTimestampMicros: null, deleted: false }));
    return { view, rows };
  };
  const start = performance.now();
  const lane = async (): Promise<void> => {
    for (; performance.now() - start < seconds * 1000; pushes++) await push(make());
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  const elapsed = (performance.now() - start) / 1000;
  console.log(`| ${rowsAPush} | ${way} | ${Math.round(pushes / elapsed)} | ${Math.round((pushes * rowsAPush) / elapsed)} |`);
}
