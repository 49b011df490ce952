import { defineEntity, defineFeatureRepository, defineFeatureService, defineFeatureView } from '../../../domain/features/define.ts';

const airport = defineEntity({ name: 'airport', joinKey: 'origin', valueType: 'String' });
const weatherView = defineFeatureView({
  name: 'weather',
  entities: [airport],
  features: [{ name: 'temp', type: 'Float64' }, { name: 'wind', type: 'Float64' }],
  ttlSeconds: 21_600,
  source: { name: 'weather_table', table: 'feature_mart.pushed', timestampField: 'event_timestamp', deletedColumn: 'gone', latenessSeconds: 60 },
  pushSource: { name: 'weather_push', owner: 'pusher', tags: { a: 'b' } },
});
const routes = defineFeatureService({ name: 'routes_v1', features: [{ view: weatherView, alias: 'origin_weather' }, { view: weatherView, features: ['temp'], alias: 'dest_weather', joinKeyMap: { origin: 'dest' } }] });
/** A push source, tombstones, a view taken twice: what Feast has a place for, or our tags. */
export const pushed = defineFeatureRepository({ entities: [airport], featureViews: [weatherView], featureServices: [routes] });

const table = { table: 'feature_mart.readings', timestampField: 'event_timestamp', createdTimestampColumn: 'created_timestamp', owner: 'someone', tags: { z: '1', a: '2' } };

/**
 * What Feast writes anew, without fields that it does not read, when it records a materialization: tags, owners, and a renamed column or a push source. (It does not materialize a view that has
 * both: it takes the names of the push source's columns, which it does not keep.)
 */
export const readings = defineFeatureRepository({
  entities: [airport],
  featureServices: [],
  featureViews: [
    defineFeatureView({
      name: 'readings',
      entities: [airport],
      features: [{ name: 'temp', type: 'Float64', description: 'Degrees', owner: 'someone', tags: { unit: 'F' } }, { name: 'n', type: 'Int64' }],
      ttlSeconds: 86_400,
      source: { ...table, name: 'readings_table', fieldMapping: { temperature: 'temp' } },
      owner: 'someone',
      tags: { tier: 'gold', area: 'weather' },
    }),
    defineFeatureView({
      name: 'pushed_readings',
      entities: [airport],
      features: [{ name: 'n', type: 'Int64' }],
      ttlSeconds: null,
      source: { ...table, name: 'pushed_table' },
      pushSource: { name: 'readings_push', description: 'Pushed' },
      asKnown: true,
    }),
  ],
});
