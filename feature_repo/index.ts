import { defineFeatureRepository } from '../domain/features/define.ts';
import { carrier, origin, tailnum } from './entities.ts';
import { flightDelayV1 } from './services.ts';
import { carrierStats, planeInfo, planeStats, weather } from './views.ts';

/** The feature definitions of this project. `ml-pipeline features apply` writes them to the registry. */
export default defineFeatureRepository({
  entities: [origin, tailnum, carrier],
  featureViews: [weather, planeStats, carrierStats, planeInfo],
  featureServices: [flightDelayV1],
});
