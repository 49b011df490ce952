import { defineOnDemandFeatureView } from '../domain/features/define-on-demand.ts';
import flightContextTransform from './transforms/flight_context.ts';
import { planeInfo, weather } from './views.ts';

export const flightContext = defineOnDemandFeatureView({
  name: 'flight_context',
  inputs: [
    { view: planeInfo, features: ['year', 'seats'] },
    { view: weather, features: ['wind_speed', 'wind_gust'] },
  ],
  request: [{ name: 'distance', type: 'Int64', description: 'Length of the flight, miles.' }],
  asOf: true,
  features: [
    { name: 'plane_age_years', type: 'Int64', description: 'Years since the one in which the plane was built.' },
    { name: 'gust_excess', type: 'Float64', description: 'By how much gusts exceed the wind, miles per hour.' },
    { name: 'seat_miles', type: 'Int64', description: 'Seats times miles: the size of the flight.' },
  ],
  transform: flightContextTransform,
  module: 'transforms/flight_context.ts',
  description: 'What follows from the plane, the weather and the flight together; computed when it is read.',
  owner: 'flight-data@example.com',
  tags: { domain: 'flights' },
});
