import type { RecordBatch } from '../../domain/data/columns.ts';
import { PipelineError } from '../../domain/errors.ts';
import type { FeatureViewSnapshot } from '../../domain/features/snapshot.ts';
import type { OnlineStore, OnlineWriteResult } from '../../ports/online-store.ts';
import type { RedisAddress } from './address.ts';
import { openRedis } from './connection.ts';
import { packRows } from './pack-rows.ts';
import { readRows } from './read-rows.ts';
import { removeRows, renewKeys, scanEntities } from './maintenance.ts';
import { runScript } from './script.ts';
import { createViewLayouts } from './view-layout.ts';
import { WRITE_SCRIPT } from './write-script.ts';

export interface RedisOnlineStoreOptions extends RedisAddress {
  /** Feast's project: the end of every key, which keeps projects apart in one database. */
  readonly project: string;
  /** Seconds that a key lives after its last renewal; null or left out: for ever. */
  readonly keyTtlSeconds?: number | null;
  /** Rows that are sent at a time, 1 to 1000; on a single server one call of the write script. Default 64. */
  readonly rowsPerCall?: number;
}

/** Turns on their way at one time: enough to keep the server busy, few enough that memory stays bounded and no other client waits long. */
const TURNS_UNDER_WAY = 8;

/** The online store in Redis 7, in Feast's layout (docs/online-layout.md). Connects with the first call. */
export function createRedisOnlineStore(options: RedisOnlineStoreOptions): OnlineStore {
  const { project, keyTtlSeconds = null, rowsPerCall = 64 } = options;
  refuseWrongOptions(project, keyTtlSeconds, rowsPerCall);
  const servers = openRedis(options);
  const layoutOf = createViewLayouts(project);
  const attempt = async <T>(action: string, call: () => Promise<T>): Promise<T> => {
    try {
      return await call();
    } catch (error) {
      throw servers.explain(error, action);
    }
  };
  return {
    write: (view, batch) => attempt(`write feature view ${view.name}`, () => writeRows(view, batch)),
    read: (requests) => attempt('read features', () => readRows(servers, layoutOf, requests)),
    renew: (view, asOfMicros) => attempt(`renew the keys of feature view ${view.name}`, () => renewKeys(servers, layoutOf(view), view, asOfMicros, keyTtlSeconds)),
    entities: (view, batchSize) => explained(`list the entities of feature view ${view.name}`, scanEntities(servers, layoutOf(view), batchSize)),
    remove: (view, entityKeys) => attempt(`remove feature view ${view.name}`, () => removeRows(servers, layoutOf(view), view, entityKeys)),
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

  async function writeRows(view: FeatureViewSnapshot, batch: RecordBatch): Promise<OnlineWriteResult> {
    const layout = layoutOf(view);
    const settings = [layout.fields.timestamp, layout.createdField, String(keyTtlSeconds ?? -1), String(view.ttlSeconds === null ? -1 : Math.ceil(view.ttlSeconds))];
    const fields = view.features.map(({ name }) => layout.fields.feature(name));
    const turns = packRows(view, layout, batch, rowsPerCall, (key) => servers.slotOf(key));
    let written = 0;
    // Each lane sends a turn, waits for its answers and takes the next one. Where one fails, its loop closes the generator, and the others end too.
    const lane = async (): Promise<void> => {
      for (const turn of turns) {
        const calls = turn.map(({ keys, rows }) => ({ keys, parameters: [...settings, rows, ...fields] }));
        const count = await runScript(servers, WRITE_SCRIPT, calls); // on its own line: other lanes add to `written` meanwhile
        written += count;
      }
    };
    const outcomes = await Promise.allSettled(Array.from({ length: TURNS_UNDER_WAY }, lane));
    const failure = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failure !== undefined) throw failure.reason;
    return { written, skipped: batch.rowCount - written };
  }
}

function refuseWrongOptions(project: string, keyTtlSeconds: number | null, rowsPerCall: number): void {
  if (project === '') throw new PipelineError('INVALID_CONFIG', 'The online store needs the name of the Feast project.');
  if (keyTtlSeconds !== null && !(Number.isInteger(keyTtlSeconds) && keyTtlSeconds > 0)) {
    throw new PipelineError('INVALID_CONFIG', `The lifetime of online keys is ${keyTtlSeconds} seconds; it must be a whole number above 0, or null for no end.`);
  }
  if (!(Number.isInteger(rowsPerCall) && rowsPerCall >= 1 && rowsPerCall <= 1000)) {
    throw new PipelineError('INVALID_CONFIG', `The rows per call of the online store are ${rowsPerCall}; they must be a whole number from 1 to 1000.`);
  }
}
