/**
 * Rows per second into the online store: 10 Float64 features, one Int64 join key. Beside it, on the same rows and server: HSET of the same bytes without any
 * comparison, by ioredis pipelines (what a writer without the newer-wins rule would do).
 *
 *   node --import tsx bench/online-write.ts redis://[:password@]host:port [rows [rows a call,...]]
 */
import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { createFieldKeys } from '../adapters/feast/codec/field-keys.ts';
import { ByteWriter } from '../adapters/feast/codec/byte-writer.ts';
import { createEntityKeyEncoder } from '../adapters/feast/codec/entity-key.ts';
import { writeTimestamp } from '../adapters/feast/codec/timestamp.ts';
import { writeColumnValue } from '../adapters/feast/codec/value.ts';
import { createRedisOnlineStore } from '../adapters/redis/online-store.ts';
import type { Column, RecordBatch } from '../domain/data/columns.ts';
import type { FeatureViewSnapshot } from '../domain/features/snapshot.ts';

const NOW = Date.now() * 1000;
const BATCH_ROWS = 20_000;
const NAMES = Array.from({ length: 10 }, (_, index) => `feature_${index}`);
const VIEW: FeatureViewSnapshot = {
  name: 'bench',
  joinKeys: [{ name: 'user_id', type: 'Int64' }],
  features: NAMES.map((name) => ({ name, type: 'Float64' })),
  ttlSeconds: null,
  source: { name: 'bench', table: 'feature_mart.bench', timestampField: 'event_timestamp' },
  online: true,
  asKnown: false,
};

await main(process.argv[2], Number(process.argv[3] ?? 200_000), (process.argv[4] ?? '1,16,64,200').split(',').map(Number));

async function main(url: string | undefined, rowCount: number, callSizes: readonly number[]): Promise<void> {
  if (url === undefined || !Number.isInteger(rowCount)) throw new Error('usage: node --import tsx bench/online-write.ts redis://[:password@]host:port [rows [rows a call,...]]');
  console.log(`| ${rowCount} rows of ${NAMES.length} features | rows/s | server CPU us/row | client CPU us/row |\n| --- | --- | --- | --- |`);
  const server = new Redis(url);
  await warmUp(server, url);
  const plain = projectName();
  await measure(server, 'HSET in pipelines of 1000, no comparison', rowCount, 0, plainWriter(server, plain));
  await removeKeys(server, plain, rowCount);
  for (const rowsPerCall of callSizes) {
    const project = projectName();
    const store = createRedisOnlineStore({ url, project, keyTtlSeconds: 600, rowsPerCall });
    const write = (batch: RecordBatch): Promise<unknown> => store.write(VIEW, batch);
    await measure(server, `store, ${rowsPerCall} rows a call: new keys`, rowCount, 0, write);
    await measure(server, `store, ${rowsPerCall} rows a call: newer rows`, rowCount, 1, write);
    await measure(server, `store, ${rowsPerCall} rows a call: the same rows again`, rowCount, 1, write);
    await store.close();
    await removeKeys(server, project, rowCount);
  }
  await server.quit();
}

/** One batch by each way, so that no way is measured while its code is still being compiled. */
async function warmUp(server: Redis, url: string): Promise<void> {
  const project = projectName();
  const store = createRedisOnlineStore({ url, project, keyTtlSeconds: 600 });
  const batch = makeBatch(0, BATCH_ROWS, 0);
  await plainWriter(server, project)(batch);
  await store.write(VIEW, batch);
  await store.close();
  await removeKeys(server, project, BATCH_ROWS);
}

async function measure(server: Redis, title: string, rowCount: number, age: number, write: (batch: RecordBatch) => Promise<unknown>): Promise<void> {
  const batches = Array.from({ length: Math.ceil(rowCount / BATCH_ROWS) }, (_, index) => makeBatch(index * BATCH_ROWS, Math.min(BATCH_ROWS, rowCount - index * BATCH_ROWS), age));
  const cpuBefore = await serverCpu(server);
  const ownBefore = process.cpuUsage();
  const start = performance.now();
  for (const batch of batches) await write(batch);
  const seconds = (performance.now() - start) / 1000;
  const own = process.cpuUsage(ownBefore);
  const cpu = (await serverCpu(server)) - cpuBefore;
  console.log(`| ${title} | ${Math.round(rowCount / seconds)} | ${((cpu / rowCount) * 1e6).toFixed(1)} | ${((own.user + own.system) / rowCount).toFixed(1)} |`);
}

function plainWriter(server: Redis, project: string): (batch: RecordBatch) => Promise<unknown> {
  const encodeKey = createEntityKeyEncoder(project, VIEW.joinKeys);
  const fields = createFieldKeys(VIEW.name);
  const writer = new ByteWriter();
  return async (batch) => {
    const [key, ...others] = batch.columns as [Column, ...Column[]];
    for (let from = 0; from < batch.rowCount; from += 1000) {
      const pipeline = server.pipeline();
      for (let row = from; row < Math.min(from + 1000, batch.rowCount); row++) {
        writeTimestamp(writer, others[NAMES.length]?.values[row] as number);
        const values: Buffer[] = [fields.timestamp, writer.take()];
        NAMES.forEach((name, index) => {
          writeColumnValue(writer, others[index] as Column, row);
          values.push(fields.feature(name), writer.take());
        });
        pipeline.hset(encodeKey([key.values[row] as bigint]), ...values);
      }
      await pipeline.exec();
    }
  };
}

function makeBatch(firstId: number, rowCount: number, age: number): RecordBatch {
  const now = NOW + age;
  const column = (name: string, at: number): Column => ({ name, type: 'Timestamp', values: new Float64Array(rowCount).fill(at), nulls: null });
  return {
    rowCount,
    columns: [
      { name: 'user_id', type: 'Int64', values: BigInt64Array.from({ length: rowCount }, (_, row) => BigInt(firstId + row)), nulls: null },
      ...NAMES.map((name, index): Column => ({ name, type: 'Float64', values: Float64Array.from({ length: rowCount }, (_, row) => (firstId + row) / (index + 1)), nulls: null })),
      column('event_timestamp', now),
      column('created_timestamp', now),
    ],
  };
}

async function removeKeys(server: Redis, project: string, rowCount: number): Promise<void> {
  const encodeKey = createEntityKeyEncoder(project, VIEW.joinKeys);
  for (let from = 0; from < rowCount; from += 1000) await server.unlink(...Array.from({ length: Math.min(1000, rowCount - from) }, (_, row) => encodeKey([BigInt(from + row)])));
}

async function serverCpu(server: Redis): Promise<number> {
  const info = await server.info('cpu');
  return ['used_cpu_user', 'used_cpu_sys'].reduce((sum, name) => sum + Number(new RegExp(`^${name}:(.*)`, 'm').exec(info)?.[1] ?? Number.NaN), 0);
}

function projectName(): string {
  return `bench_${randomBytes(6).toString('hex')}`;
}
