import type { Redis } from 'ioredis';
import type { FeatureViewSnapshot } from '../../domain/features/snapshot.ts';
import type { FeatureValue } from '../../domain/features/value-types.ts';
import { MICROS_PER_SECOND } from '../../domain/instant.ts';
import type { Micros } from '../../domain/instant.ts';
import { ByteWriter } from '../feast/codec/byte-writer.ts';
import { writeTimestamp } from '../feast/codec/timestamp.ts';
import { REMOVE_SCRIPT, RENEW_SCRIPT } from './maintenance-scripts.ts';
import { scanKeys } from './scan-keys.ts';
import type { StoredEntity } from './scan-keys.ts';
import { runScript } from './script.ts';
import type { ViewLayout } from './view-layout.ts';

/** Keys that one call of a script takes. */
const KEYS_PER_CALL = 200;

type EntityKey = readonly FeatureValue[];

/** Implements OnlineStore.renew. */
export async function renewKeys(redis: Redis, layout: ViewLayout, view: FeatureViewSnapshot, asOfMicros: Micros, keyTtlSeconds: number | null): Promise<{ readonly renewed: number }> {
  const oldest = view.ttlSeconds === null ? [] : [serializedTimestamp(asOfMicros - Math.floor(view.ttlSeconds * MICROS_PER_SECOND))];
  const parameters = [layout.fields.timestamp, String(keyTtlSeconds ?? -1), ...oldest];
  let renewed = 0;
  for await (const entities of scanKeys(redis, layout.keys)) renewed += await runOn(redis, RENEW_SCRIPT, entities.map(({ key }) => key), parameters);
  return { renewed };
}

/** Implements OnlineStore.entities. */
export async function* scanEntities(redis: Redis, layout: ViewLayout, batchSize: number): AsyncGenerator<readonly EntityKey[], undefined> {
  let batch: EntityKey[] = [];
  for await (const entities of scanKeys(redis, layout.keys)) {
    for (const { values } of await entitiesOfView(redis, layout, entities)) {
      batch.push(values);
      if (batch.length < batchSize) continue;
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
  return undefined;
}

/** Implements OnlineStore.remove. */
export async function removeRows(redis: Redis, layout: ViewLayout, view: FeatureViewSnapshot, entityKeys: readonly EntityKey[] | undefined): Promise<{ readonly removed: number }> {
  const parameters = [layout.fields.timestamp, layout.createdField, ...view.features.map(({ name }) => layout.fields.feature(name))];
  let removed = 0;
  if (entityKeys !== undefined) removed = await runOn(redis, REMOVE_SCRIPT, entityKeys.map(layout.encodeKey), parameters);
  else for await (const entities of scanKeys(redis, layout.keys)) removed += await runOn(redis, REMOVE_SCRIPT, entities.map(({ key }) => key), parameters);
  return { removed };
}

async function entitiesOfView(redis: Redis, layout: ViewLayout, entities: readonly StoredEntity[]): Promise<StoredEntity[]> {
  const pipeline = redis.pipeline();
  for (const { key } of entities) pipeline.hexists(key, layout.fields.timestamp);
  const answers = ((await pipeline.exec()) ?? []).map(([error, answer]) => {
    if (error !== null) throw error;
    return answer === 1;
  });
  return entities.filter((_, index) => answers[index]);
}

async function runOn(redis: Redis, script: typeof RENEW_SCRIPT, keys: readonly Buffer[], parameters: readonly (string | Buffer)[]): Promise<number> {
  let count = 0;
  for (let from = 0; from < keys.length; from += KEYS_PER_CALL) count += await runScript(redis, script, keys.slice(from, from + KEYS_PER_CALL), parameters);
  return count;
}

function serializedTimestamp(micros: Micros): Buffer {
  const writer = new ByteWriter(32);
  writeTimestamp(writer, micros);
  return writer.take();
}
