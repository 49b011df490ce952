import { defineEntity, defineFeatureRepository, defineFeatureService, defineFeatureView } from '../../../../domain/features/define.ts';
import type { FeatureRepository } from '../../../../domain/features/definitions.ts';

const airport = defineEntity({ name: 'airport', joinKey: 'origin', valueType: 'String', description: 'An airport of departure', owner: 'data@example.org', tags: { area: 'flights' } });
const carrier = defineEntity({ name: 'carrier', joinKey: 'carrier', valueType: 'Int64' });

const weather = defineFeatureView({
  name: 'weather',
  entities: [airport],
  features: [
    { name: 'temp', type: 'Float64', description: 'Degrees Fahrenheit', owner: 'weather@example.org', tags: { unit: 'F' } },
    { name: 'gusty', type: 'Bool' },
    { name: 'visib', type: 'Float32' },
    { name: 'observed_at', type: 'UnixTimestamp' },
  ],
  ttlSeconds: 6 * 3600,
  source: {
    name: 'weather_source',
    table: 'feature_mart.weather',
    timestampField: 'event_timestamp',
    createdTimestampColumn: 'created_timestamp',
    fieldMapping: { temperature: 'temp' },
    description: 'Hourly observations',
  },
  asKnown: true,
  description: 'Weather at the airport',
  owner: 'weather@example.org',
  tags: { tier: 'gold' },
});

const punctuality = defineFeatureView({
  name: 'punctuality',
  entities: [carrier, airport],
  features: [{ name: 'flights', type: 'Int32' }, { name: 'recent_delays', type: 'Array(Int64)' }],
  ttlSeconds: null,
  source: { name: 'punctuality_source', table: 'feature_mart.punctuality', timestampField: 'event_timestamp' },
  online: false,
});

const calendar = defineFeatureView({
  name: 'calendar',
  entities: [],
  features: [{ name: 'holidays', type: 'Int64' }],
  ttlSeconds: 86_400,
  source: { name: 'calendar_source', table: 'feature_mart.calendar', timestampField: 'event_timestamp' },
});

const delay = defineFeatureService({ name: 'delay_v1', features: [{ view: weather, features: ['visib', 'temp'] }, { view: punctuality }], description: 'Inputs of the delay model' });

/** Definitions that use every part of the registry's messages. */
export const repository: FeatureRepository = defineFeatureRepository({ entities: [airport, carrier], featureViews: [weather, punctuality, calendar], featureServices: [delay] });
