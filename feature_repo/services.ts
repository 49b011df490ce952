import { defineFeatureService } from '../domain/features/define.ts';
import { carrierStats, planeInfo, planeStats, weather } from './views.ts';

/** Every feature of the four views: 16 columns, in this order. */
export const flightDelayV1 = defineFeatureService({
  name: 'flight_delay_v1',
  features: [{ view: weather }, { view: planeStats }, { view: carrierStats }, { view: planeInfo }],
  description: 'What is known about a flight before it leaves, to say how late it will arrive.',
  owner: 'flight-data@example.com',
  tags: { model: 'flight_delay' },
});
