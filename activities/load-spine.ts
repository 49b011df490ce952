import type { SpineRef } from '../domain/data/dataset-ref.ts';
import { spineSuffix } from '../domain/run-key.ts';
import type { Ports } from '../ports/ports.ts';
import { withPlan, type PlanRef } from './plan-ref.ts';
import { withHeartbeats } from './activity-runtime.ts';

/** Spine tables stay long enough for retries and for a look at what a model was trained on. */
const SPINE_LIFETIME_MICROS = 30 * 86_400 * 1_000_000;

/** Runs the loader's SQL once, into `spine_data`. */
export function createLoadSpine({ clock, sqlTemplates, warehouse, artifactStore }: Pick<Ports, 'clock' | 'sqlTemplates' | 'warehouse' | 'artifactStore'>) {
  return {
    loadSpine: (input: { readonly plan: PlanRef; readonly key: string }): Promise<SpineRef> =>
      withHeartbeats(async ({ signal }) => {
        const { plan } = await withPlan(artifactStore, input);
        const { recipe, asOfMicros } = plan;
        const { source_uri: sourceUri, parameters, entity_schema: entities } = recipe.loader;
        const query = await sqlTemplates.render({ sourceUri, parameters, asOfMicros });
        const spine = await warehouse.writeSpine({
          name: spineName(recipe.name, input.key),
          query,
          entityColumns: entities.entity_columns,
          timestampColumn: entities.timestamp_column,
          asOfMicros,
          expiresAtMicros: clock.now() + SPINE_LIFETIME_MICROS,
          signal,
        });
        await warehouse.dropExpiredSpines(clock.now());
        return spine;
      }),
  };
}

/** `spine_<recipe>_<run>`: at most 63 characters, PostgreSQL's limit for a name. */
function spineName(recipe: string, key: string): string {
  return `spine_${recipe.toLowerCase().replace(/[^a-z0-9]+/g, '_').slice(0, 24)}${spineSuffix(key)}`;
}
