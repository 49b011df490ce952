import type pg from 'pg';
import { createEntityKeyEncoder } from '../../adapters/feast/codec/entity-key.ts';
import { createFieldKeys } from '../../adapters/feast/codec/field-keys.ts';
import { defineEntity, defineFeatureRepository, defineFeatureView } from '../../domain/features/define.ts';
import { snapshotView } from '../../domain/features/resolve.ts';

/** The Feast project whose keys all ways write, so that their bytes can be compared. */
export const PROJECT = 'bench';
export const FEATURES = Array.from({ length: 10 }, (_, index) => `feature_${index}`);
export const KEY_TTL_SECONDS = 86_400;
/** The event timestamp of entity 0; those of the others follow, one second each, a thousand of them. */
export const FIRST_EVENT = Date.parse('2025-12-01T00:00:00Z') * 1000;

/** A view of one row for each entity, and 10 floats. */
export function wideRepository(table: string) {
  const user = defineEntity({ name: 'user', joinKey: 'user_id', valueType: 'Int64' });
  const source = { name: 'wide', table, timestampField: 'event_timestamp', createdTimestampColumn: 'created_timestamp' };
  const view = defineFeatureView({ name: 'wide', entities: [user], features: FEATURES.map((name) => ({ name, type: 'Float64' as const })), ttlSeconds: null, source });
  return defineFeatureRepository({ entities: [user], featureViews: [view], featureServices: [] });
}

export const WIDE_VIEW = snapshotView(wideRepository('feature_mart.wide'), 'wide');
export const wideKey = createEntityKeyEncoder(PROJECT, WIDE_VIEW.joinKeys);

/** Fields of a hash in Redis: the view's timestamp, then its features. */
export function wideFields(): Buffer[] {
  const fields = createFieldKeys(WIDE_VIEW.name);
  return [fields.timestamp, ...FEATURES.map((name) => fields.feature(name))].map((field) => Buffer.from(field));
}

export function wideValue(entity: number, feature: number): number {
  return entity / (feature + 3);
}

export function wideEvent(entity: number): number {
  return FIRST_EVENT + (entity % 1000) * 1_000_000;
}

/** Makes the table of so many entities; its name. */
export async function makeWideTable(client: pg.Client, rows: number): Promise<string> {
  const table = `feature_mart.wide_${rows}`;
  const features = FEATURES.map((name, index) => `id::float8 / ${index + 3} AS ${name}`).join(', ');
  const event = `to_timestamp(${FIRST_EVENT / 1_000_000}) + (id % 1000) * interval '1 second'`;
  await client.query('CREATE SCHEMA IF NOT EXISTS feature_mart');
  await client.query(`CREATE TABLE ${table} AS SELECT id AS user_id, ${event} AS event_timestamp, ${event} AS created_timestamp, ${features} FROM generate_series(0::bigint, ${rows - 1}) id`);
  await client.query(`VACUUM ANALYZE ${table}`);
  return table;
}
