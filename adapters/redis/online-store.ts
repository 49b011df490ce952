import { PipelineError } from '../../domain/errors.ts';
import type { OnlineStore } from '../../ports/online-store.ts';
import type { RedisAddress } from './address.ts';
import { rowsOf } from './columns-to-rows.ts';
import { openRedis } from './connection.ts';
import { createFeastLayout } from './feast-layout.ts';
import type { LayoutOptions, OnlineLayout } from './layout.ts';
import { isRecent } from './lifetime.ts';
import { createReadableLayout } from './readable/layout.ts';

export interface RedisOnlineStoreOptions extends RedisAddress {
  /** Feast's project: the end of every key, which keeps projects apart in one database. The readable layout has no place for it. */
  readonly project: string;
  /** `feast` (the default): Feast's bytes. `readable`: a key and a text per value, on a single server. */
  readonly layout?: 'feast' | 'readable';
  /** Seconds that a key lives after its last renewal; null or left out: for ever. */
  readonly keyTtlSeconds?: number | null;
  /** Rows that are sent at a time, 1 to 1000; on a single server one call of the write script. Default 64. */
  readonly rowsPerCall?: number;
}

/** The online store in Redis 7 (docs/online-layout.md). Connects with the first call. */
export function createRedisOnlineStore(options: RedisOnlineStoreOptions): OnlineStore {
  const { project, keyTtlSeconds = null, rowsPerCall = 64 } = options;
  refuseWrongOptions(options, keyTtlSeconds, rowsPerCall);
  const servers = openRedis(options);
  const layout = createLayout(options.layout ?? 'feast', { servers, project, keyTtlSeconds, rowsPerCall });
  const attempt = async <T>(action: string, call: () => Promise<T>): Promise<T> => {
    try {
      return await call();
    } catch (error) {
      throw servers.explain(error, action);
    }
  };
  return {
    write: (view, batch) => attempt(`write feature view ${view.name}`, () => servers.replicated(() => layout.write(view, batch))),
    read: (requests) => attempt('read features', async () => (await layout.readColumns(requests)).map((columns, index) => rowsOf(requests[index]!, columns))),
    readColumns: (requests) => attempt('read features', () => layout.readColumns(requests)),
    renew: async (view, asOfMicros, writtenSinceMicros) => {
      if (writtenSinceMicros !== undefined && isRecent(writtenSinceMicros, asOfMicros, keyTtlSeconds)) return { renewed: 0 };
      return attempt(`renew the keys of feature view ${view.name}`, () => layout.renew(view, asOfMicros));
    },
    entities: (view, batchSize) => explained(`list the entities of feature view ${view.name}`, layout.entities(view, batchSize)),
    versions: (view, entityKeys) => attempt(`look at rows of feature view ${view.name}`, () => layout.versions(view, entityKeys)),
    remove: (view, entityKeys, versions) => attempt(`remove feature view ${view.name}`, () => servers.replicated(() => layout.remove(view, entityKeys, versions))),
    ping: () => attempt('answer', () => servers.ping()),
    close: () => servers.close(),
  };

  async function* explained<T>(action: string, batches: AsyncIterable<T>): AsyncGenerator<T, undefined> {
    try {
      yield* batches;
    } catch (error) {
      throw servers.explain(error, action);
    }
    return undefined;
  }
}

function createLayout(name: 'feast' | 'readable', options: LayoutOptions): OnlineLayout {
  return name === 'feast' ? createFeastLayout(options) : createReadableLayout(options);
}

function refuseWrongOptions({ project, layout, database, topology = 'single', replicasToWait = 0 }: RedisOnlineStoreOptions, keyTtlSeconds: number | null, rowsPerCall: number): void {
  if (project === '') throw new PipelineError('INVALID_CONFIG', 'The online store needs the name of the Feast project.');
  if (keyTtlSeconds !== null && !(Number.isInteger(keyTtlSeconds) && keyTtlSeconds > 0)) {
    throw new PipelineError('INVALID_CONFIG', `The lifetime of online keys is ${keyTtlSeconds} seconds; it must be a whole number above 0, or null for no end.`);
  }
  if (!(Number.isInteger(rowsPerCall) && rowsPerCall >= 1 && rowsPerCall <= 1000)) {
    throw new PipelineError('INVALID_CONFIG', `The rows per call of the online store are ${rowsPerCall}; they must be a whole number from 1 to 1000.`);
  }
  if (!(Number.isInteger(replicasToWait) && replicasToWait >= 0)) {
    throw new PipelineError('INVALID_CONFIG', `online_store.replicas_to_wait is ${replicasToWait}; it must be a whole number from 0.`);
  }
  if (topology === 'cluster_endpoint' && replicasToWait > 0) {
    throw new PipelineError('INVALID_CONFIG', 'Behind one address of several servers nobody can ask whose replicas have a write. Leave out online_store.replicas_to_wait, or set online_store.topology to cluster.');
  }
  if (topology === 'cluster' && (database ?? 0) !== 0) {
    throw new PipelineError('INVALID_CONFIG', `A Redis Cluster has database 0 only; online_store.database is ${database}. Leave it out.`);
  }
  if (layout === 'readable' && topology !== 'single') {
    throw new PipelineError('INVALID_CONFIG', `The readable layout spreads a row over several keys, which a ${topology.replace('_', ' ')} cannot write in one step. Set online_store.layout to feast, or online_store.topology to single.`);
  }
}
