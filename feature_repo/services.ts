import { defineFeatureService } from '../domain/features/define.ts';
import { flightContext } from './on-demand-views.ts';
import { carrierStats, planeInfo, planeStats, weather } from './views.ts';

/** Every feature of the four views: 16 columns, in this order. */
export const flightDelayV1 = defineFeatureService({
  name: 'flight_delay_v1',
  features: [{ view: weather }, { view: planeStats }, { view: carrierStats }, { view: planeInfo }],
  description: 'What is known about a flight before it leaves, to say how late it will arrive.',
  owner: 'flight-data@example.com',
  tags: { model: 'flight_delay' },
});

/** Fewer stored features, and those that are computed from several of them when they are read. */
export const flightDelayV2 = defineFeatureService({
  name: 'flight_delay_v2',
  features: [{ view: weather, features: ['temp', 'precip', 'visib', 'wind_speed'] }, { view: planeStats }, { view: carrierStats }, { view: flightContext }],
  description: 'What is known about a flight before it leaves, with what follows from its plane, its length and the weather together.',
  owner: 'flight-data@example.com',
  tags: { model: 'flight_delay' },
});
