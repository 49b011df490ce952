import { defineFeatureView } from '../domain/features/define.ts';
import { carrier, origin, tailnum } from './entities.ts';

const HOUR = 3600;
const DAY = 24 * HOUR;
const OWNER = 'flight-data@example.com';

/** A table of `feature_mart`, built by `sql/<name>.sql`. */
function martTable(name: string, description: string) {
  return { name, table: `feature_mart.${name}`, timestampField: 'event_timestamp', createdTimestampColumn: 'created_timestamp', description };
}

export const weather = defineFeatureView({
  name: 'weather',
  entities: [origin],
  features: [
    { name: 'temp', type: 'Float64', description: 'Temperature, degrees Fahrenheit.' },
    { name: 'humid', type: 'Float64', description: 'Relative humidity, percent.' },
    { name: 'wind_speed', type: 'Float64', description: 'Wind speed, miles per hour.' },
    { name: 'wind_gust', type: 'Float64', description: 'Speed of gusts, miles per hour; missing where none was recorded.' },
    { name: 'precip', type: 'Float64', description: 'Precipitation in the hour, inches.' },
    { name: 'pressure', type: 'Float64', description: 'Pressure at sea level, millibars.' },
    { name: 'visib', type: 'Float64', description: 'Visibility, miles.' },
  ],
  ttlSeconds: 6 * HOUR,
  source: martTable('weather', 'Hourly weather by airport, known at the end of the hour.'),
  pushSource: { name: 'weather_push', description: 'Weather as it is reported, before the hour is loaded.', owner: OWNER },
  description: 'The weather at the airport of departure in the last full hour.',
  owner: OWNER,
  tags: { domain: 'weather', refresh: 'hourly' },
});

export const planeStats = defineFeatureView({
  name: 'plane_stats',
  entities: [tailnum],
  features: [
    { name: 'plane_flights_7d', type: 'Int64', description: 'Flights that arrived in the seven days before midnight.' },
    { name: 'plane_mean_dep_delay_7d', type: 'Float64', description: 'Their mean departure delay, minutes; missing without flights.' },
    { name: 'plane_share_late_7d', type: 'Float64', description: 'Share of them that arrived more than 15 minutes late; missing without flights.' },
  ],
  ttlSeconds: 30 * DAY,
  source: martTable('plane_stats', 'Punctuality of each plane over seven days, at each midnight in New York.'),
  description: 'How punctual the plane was in the last seven days.',
  owner: OWNER,
  tags: { domain: 'punctuality', refresh: 'daily' },
});

export const carrierStats = defineFeatureView({
  name: 'carrier_stats',
  entities: [carrier, origin],
  features: [
    { name: 'carrier_flights_7d', type: 'Int64', description: 'Flights from this airport that arrived in the seven days before midnight.' },
    { name: 'carrier_mean_dep_delay_7d', type: 'Float64', description: 'Their mean departure delay, minutes; missing without flights.' },
    { name: 'carrier_share_late_7d', type: 'Float64', description: 'Share of them that arrived more than 15 minutes late; missing without flights.' },
  ],
  ttlSeconds: 30 * DAY,
  source: martTable('carrier_stats', 'Punctuality of each airline at each airport of departure over seven days, at each midnight in New York.'),
  description: 'How punctual the airline was at this airport in the last seven days.',
  owner: OWNER,
  tags: { domain: 'punctuality', refresh: 'daily' },
});

export const planeInfo = defineFeatureView({
  name: 'plane_info',
  entities: [tailnum],
  features: [
    { name: 'year', type: 'Int64', description: 'Year in which the plane was built.' },
    { name: 'seats', type: 'Int64', description: 'Number of seats.' },
    { name: 'engines', type: 'Int64', description: 'Number of engines.' },
  ],
  ttlSeconds: null,
  source: martTable('plane_info', 'What the register says of each plane.'),
  description: 'Age and size of the plane.',
  owner: OWNER,
  tags: { domain: 'planes', refresh: 'when a plane first flies' },
});
