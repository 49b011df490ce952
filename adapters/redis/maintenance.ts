import type { FeatureViewSnapshot } from '../../domain/features/snapshot.ts';
import type { FeatureValue } from '../../domain/features/value-types.ts';
import { MICROS_PER_SECOND } from '../../domain/instant.ts';
import type { Micros } from '../../domain/instant.ts';
import type { RowVersion } from '../../ports/online-store.ts';
import { ByteWriter } from '../feast/codec/byte-writer.ts';
import { writeTimestamp } from '../feast/codec/timestamp.ts';
import { lifetimeParameters } from './lifetime.ts';
import { REMOVE_SCRIPT, RENEW_SCRIPT } from './maintenance-scripts.ts';
import { versionOf } from './row-version.ts';
import { scanKeys } from './scan-keys.ts';
import { runScript } from './script.ts';
import type { Script } from './script.ts';
import { answered } from './servers.ts';
import type { RedisServers } from './servers.ts';
import type { ViewLayout } from './view-layout.ts';

/** Keys that are worked on at a time: of a removal, which reads hashes whole, and of a renewal. */
const REMOVED_AT_ONCE = 200;
const RENEWED_AT_ONCE = 1000;

type EntityKey = readonly FeatureValue[];

/** Implements OnlineStore.renew. */
export async function renewKeys(servers: RedisServers, layout: ViewLayout, view: FeatureViewSnapshot, asOfMicros: Micros, keyTtlSeconds: number | null): Promise<{ readonly renewed: number }> {
  const oldest = view.ttlSeconds === null ? [] : [serializedTimestamp(asOfMicros - Math.round(view.ttlSeconds * MICROS_PER_SECOND))];
  const parameters = [layout.fields.timestamp, ...lifetimeParameters(keyTtlSeconds), ...oldest];
  let renewed = 0;
  for await (const keys of scanKeys(servers, layout.keys)) renewed += await runOn(servers, RENEW_SCRIPT, keys, () => parameters, RENEWED_AT_ONCE);
  return { renewed };
}

/** Implements OnlineStore.entities. */
export async function* scanEntities(servers: RedisServers, layout: ViewLayout, batchSize: number): AsyncGenerator<readonly EntityKey[], undefined> {
  let batch: EntityKey[] = [];
  for await (const keys of scanKeys(servers, layout.keys)) {
    for (const key of await keysOfView(servers, layout, keys)) {
      batch.push(layout.keys.read(key)!);
      if (batch.length < batchSize) continue;
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
  return undefined;
}

/** Implements OnlineStore.versions. */
export async function readVersions(servers: RedisServers, layout: ViewLayout, entityKeys: readonly EntityKey[]): Promise<(RowVersion | undefined)[]> {
  const fields = [layout.fields.timestamp, layout.createdField];
  const answers = answered(await servers.send(entityKeys.map(layout.encodeKey).map((key) => ({ name: 'HMGET', key, args: [key, ...fields] }))));
  return (answers as (readonly (Buffer | null)[])[]).map(([event, message]) => (event instanceof Buffer ? versionOf(event, message ?? Buffer.alloc(0)) : undefined));
}

/** Implements OnlineStore.remove. */
export async function removeRows(servers: RedisServers, layout: ViewLayout, view: FeatureViewSnapshot, entityKeys?: readonly EntityKey[], versions?: readonly RowVersion[]): Promise<{ readonly removed: number }> {
  const fields = [layout.fields.timestamp, layout.createdField, ...view.features.map(({ name }) => layout.fields.feature(name))];
  const parameters = [String(fields.length), ...fields];
  if (entityKeys === undefined) {
    let removed = 0;
    for await (const keys of scanKeys(servers, layout.keys)) removed += await runOn(servers, REMOVE_SCRIPT, keys, () => parameters, REMOVED_AT_ONCE);
    return { removed };
  }
  const keys = entityKeys.map(layout.encodeKey);
  const tokens = new Map(versions?.map(({ token }, index) => [keys[index]!.toString('latin1'), Buffer.from(token)]));
  const tokensOf = (group: readonly Buffer[]): Buffer[] => (versions === undefined ? [] : group.map((key) => tokens.get(key.toString('latin1'))!));
  return { removed: await runOn(servers, REMOVE_SCRIPT, keys, (group) => [...parameters, ...tokensOf(group)], REMOVED_AT_ONCE) };
}

async function keysOfView(servers: RedisServers, layout: ViewLayout, keys: readonly Buffer[]): Promise<Buffer[]> {
  const answers = answered(await servers.send(keys.map((key) => ({ name: 'HEXISTS', key, args: [key, layout.fields.timestamp] }))));
  return keys.filter((_, index) => answers[index] === 1);
}

async function runOn(servers: RedisServers, script: Script, keys: readonly Buffer[], parametersOf: (keys: readonly Buffer[]) => readonly (string | Buffer)[], keysAtOnce: number): Promise<number> {
  let count = 0;
  for (let from = 0; from < keys.length; from += keysAtOnce) {
    const calls = groupBySlot(servers, keys.slice(from, from + keysAtOnce)).map((group) => ({ keys: group, parameters: parametersOf(group) }));
    count += await runScript(servers, script, calls);
  }
  return count;
}

function groupBySlot(servers: RedisServers, keys: readonly Buffer[]): Buffer[][] {
  const groups = new Map<number, Buffer[]>();
  for (const key of keys) {
    const slot = servers.slotOf(key);
    const group = groups.get(slot);
    if (group === undefined) groups.set(slot, [key]);
    else group.push(key);
  }
  return [...groups.values()];
}

function serializedTimestamp(micros: Micros): Buffer {
  const writer = new ByteWriter(32);
  writeTimestamp(writer, micros);
  return writer.take();
}
