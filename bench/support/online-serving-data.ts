import { defineEntity, defineFeatureView } from '../../domain/features/define.ts';
import type { FeatureRepository } from '../../domain/features/definitions.ts';
import { snapshotView } from '../../domain/features/resolve.ts';

export const PROJECT = 'bench_online_serving';
export const ENTITIES = 10_000;

const user = defineEntity({ name: 'user', joinKey: 'user_id', valueType: 'Int64' });
const NAMES = ['weather', 'plane', 'carrier', 'airport'];

/** 4 views of one entity with 4 features each. */
export const DEFINITIONS: FeatureRepository = {
  entities: [user],
  featureViews: NAMES.map((name) =>
    defineFeatureView({
      name,
      entities: [user],
      features: [
        { name: `${name}_a`, type: 'Float64' },
        { name: `${name}_b`, type: 'Float64' },
        { name: `${name}_count`, type: 'Int64' },
        { name: `${name}_text`, type: 'String' },
      ],
      ttlSeconds: 30 * 86_400,
      source: { name, table: `feature_mart.${name}`, timestampField: 'event_timestamp' },
    }),
  ),
  featureServices: [],
};
export const VIEWS = NAMES.map((name) => snapshotView(DEFINITIONS, name));
export const REFERENCES = VIEWS.flatMap((view) => view.features.map(({ name }) => `${view.name}:${name}`));
