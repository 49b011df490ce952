/**
 * Reading some of the fields of entities by HMGET and by HGETALL, through the online store's own read: hashes that Redis keeps as a listpack (512 fields or fewer) and as a
 * hash table, of 1 and of 100 entities at a time. The two take turns, so that whatever else the machine does meets both.
 *
 *   node --import tsx bench/online-read.ts redis://[:password@]host:port [turns [fields,...]]
 */
import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { openRedis } from '../adapters/redis/connection.ts';
import { createRedisOnlineStore } from '../adapters/redis/online-store.ts';
import { readColumns } from '../adapters/redis/read-columns.ts';
import { createViewLayouts } from '../adapters/redis/view-layout.ts';
import type { Column, RecordBatch } from '../domain/data/columns.ts';
import type { FeatureViewSnapshot } from '../domain/features/snapshot.ts';

const ENTITIES = 1000;
const WAYS = [['HMGET', () => false], ['HGETALL', () => true]] as const;

await main(process.argv[2], Number(process.argv[3] ?? 100), (process.argv[4] ?? '16,64,128,256,1024').split(',').map(Number));

async function main(url: string | undefined, turns: number, widths: readonly number[]): Promise<void> {
  if (url === undefined || !(turns >= 10)) throw new Error('usage: node --import tsx bench/online-read.ts redis://[:password@]host:port [turns [fields,...]]');
  const project = `bench_${randomBytes(6).toString('hex')}`;
  const servers = openRedis({ url });
  const store = createRedisOnlineStore({ url, project, keyTtlSeconds: 600 });
  const observer = new Redis(url);
  const layoutOf = createViewLayouts(project);
  console.log('| fields | kept as | wanted | entities | HMGET us (server CPU) | HGETALL us (server CPU) | HGETALL / HMGET |\n| --- | --- | --- | --- | --- | --- | --- |');
  for (const width of widths) {
    const view = viewOf(width);
    await store.write(view, batchOf(view));
    const encoding = String(await observer.object('ENCODING', layoutOf(view).encodeKey([0n])));
    for (const entities of [1, 100]) {
      for (const wanted of [1, 4, 16, 32, 64, 128, 256, 512, 1024].filter((count) => count <= width)) {
        const features = view.features.filter((_, index) => Math.floor((index * wanted) / width) !== Math.floor(((index - 1) * wanted) / width)).map(({ name }) => name);
        const times: number[][] = [[], []];
        const cpu = [0, 0];
        for (let turn = 0; turn < turns; turn++) {
          for (const [way, [, whole]] of WAYS.entries()) {
            const entityKeys = Array.from({ length: entities }, () => [BigInt(Math.floor(Math.random() * ENTITIES))]);
            const start = performance.now();
            await readColumns(servers, layoutOf, [{ view, features, entityKeys }], whole);
            times[way]!.push(performance.now() - start);
          }
        }
        for (const [way, [, whole]] of WAYS.entries()) {
          const before = await serverCpu(observer);
          for (let turn = 0; turn < turns; turn++) await readColumns(servers, layoutOf, [{ view, features, entityKeys: Array.from({ length: entities }, (_, id) => [BigInt(id)]) }], whole);
          cpu[way] = (((await serverCpu(observer)) - before) / turns) * 1e6;
        }
        const medians = times.map((list) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)]! * 1000);
        const cells = medians.map((median, way) => `${median.toFixed(0)} (${cpu[way]!.toFixed(0)})`);
        console.log(`| ${width} | ${encoding} | ${features.length} | ${entities} | ${cells.join(' | ')} | ${(medians[1]! / medians[0]!).toFixed(2)} |`);
      }
    }
    await store.remove(view);
  }
  observer.disconnect();
  await Promise.all([store.close(), servers.close()]);
}

function viewOf(width: number): FeatureViewSnapshot {
  const features = Array.from({ length: width - 2 }, (_, index) => ({ name: `feature_${index}`, type: 'Float64' as const }));
  return { name: `wide_${width}`, joinKeys: [{ name: `id_${width}`, type: 'Int64' }], features, ttlSeconds: null, source: { name: 'wide', table: 'wide', timestampField: 'event_timestamp' }, online: true, asKnown: false };
}

function batchOf(view: FeatureViewSnapshot): RecordBatch {
  const now = Date.now() * 1000;
  const times = (name: string): Column => ({ name, type: 'Timestamp', values: new Float64Array(ENTITIES).fill(now), nulls: null });
  return {
    rowCount: ENTITIES,
    columns: [
      { name: view.joinKeys[0]!.name, type: 'Int64', values: BigInt64Array.from({ length: ENTITIES }, (_, row) => BigInt(row)), nulls: null },
      ...view.features.map(({ name }, index): Column => ({ name, type: 'Float64', values: Float64Array.from({ length: ENTITIES }, (_, row) => row / (index + 1)), nulls: null })),
      times('event_timestamp'),
      times('created_timestamp'),
    ],
  };
}

async function serverCpu(server: Redis): Promise<number> {
  const info = await server.info('cpu');
  return ['used_cpu_user', 'used_cpu_sys'].reduce((sum, name) => sum + Number(new RegExp(`^${name}:(.*)`, 'm').exec(info)?.[1] ?? Number.NaN), 0);
}
