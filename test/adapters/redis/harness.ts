import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import type { Cluster } from 'ioredis';
import { createEntityKeyEncoder } from '../../../adapters/feast/codec/entity-key.ts';
import { createRedisOnlineStore } from '../../../adapters/redis/online-store.ts';
import type { RedisOnlineStoreOptions } from '../../../adapters/redis/online-store.ts';
import { createKeyNames } from '../../../adapters/redis/readable/key-names.ts';
import type { FeatureValue } from '../../../domain/features/value-types.ts';
import type { FeatureViewSnapshot } from '../../../domain/features/snapshot.ts';
import type { OnlineStore } from '../../../ports/online-store.ts';
import type { OnlineStoreHarness } from '../../contracts/online-store.contract.ts';
import { testServers } from '../../support/servers.ts';

export interface RedisHarness extends OnlineStoreHarness {
  readonly url: string;
  readonly project: string;
  /** A client beside the store's, to look at and change what is stored. */
  readonly redis: Redis;
  keyOf(view: FeatureViewSnapshot, values: readonly FeatureValue[]): Buffer;
}

/** A project of its own on the test server; close() removes its keys. */
export async function openRedisHarness(project = `test_${randomBytes(8).toString('hex')}`): Promise<RedisHarness> {
  const { redisUrl: url } = await testServers();
  const redis = new Redis(url);
  const harness = openHarness(redis, { url, project });
  return {
    ...harness,
    url,
    project,
    redis,
    keyOf: (view, values) => createEntityKeyEncoder(project, view.joinKeys)(values),
    async close() {
      for await (const keys of redis.scanBufferStream({ match: `*${project}`, count: 1000 }) as AsyncIterable<Buffer[]>) if (keys.length > 0) await redis.unlink(...keys);
      await harness.close();
    },
  };
}

/** A harness of stores with these options; `client` reaches the same server or cluster and is closed with it. */
export function openHarness(client: Redis | Cluster, options: RedisOnlineStoreOptions): OnlineStoreHarness {
  const stores: OnlineStore[] = [];
  return {
    connect(keyTtlSeconds) {
      const store = createRedisOnlineStore({ ...options, keyTtlSeconds });
      stores.push(store);
      return store;
    },
    async secondsLeft(view, values) {
      const key = options.layout === 'readable' ? createKeyNames(view).row(createKeyNames(view).id(values))[0]! : createEntityKeyEncoder(options.project, view.joinKeys)(values);
      const left = await client.ttl(key);
      return left === -2 ? undefined : left === -1 ? null : left;
    },
    async close() {
      await Promise.all(stores.map((store) => store.close()));
      await client.quit();
    },
  };
}
