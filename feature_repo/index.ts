import { defineFeatureRepository } from '../domain/features/define.ts';
import { carrier, origin, tailnum } from './entities.ts';
import { flightContext } from './on-demand-views.ts';
import { flightDelayV1, flightDelayV2 } from './services.ts';
import { carrierStats, planeInfo, planeStats, weather } from './views.ts';

/** The feature definitions of this project. `ml-pipeline features apply` writes them to the registry. */
export default defineFeatureRepository({
  entities: [origin, tailnum, carrier],
  featureViews: [weather, planeStats, carrierStats, planeInfo],
  onDemandFeatureViews: [flightContext],
  featureServices: [flightDelayV1, flightDelayV2],
});
