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
