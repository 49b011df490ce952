import { totalUsage, type SpineRef, type TrainingSetRef } from '../domain/data/dataset-ref.ts';
import { addOnDemandFeatures } from '../domain/features/on-demand-rows.ts';
import type { Ports } from '../ports/ports.ts';
import { withPlan, type PlanRef } from './plan-ref.ts';
import { withHeartbeats } from './activity-runtime.ts';
import { runFile } from './run-files.ts';

/** Joins the spine with its features, as of each row's event timestamp, computes those that are on demand, and writes one Parquet file. */
export function createBuildTrainingSet({ warehouse, datasetStore, artifactStore, transformRunner }: Pick<Ports, 'warehouse' | 'datasetStore' | 'artifactStore' | 'transformRunner'>) {
  return {
    buildTrainingSet: (input: { readonly plan: PlanRef; readonly spine: SpineRef; readonly key: string }): Promise<TrainingSetRef> =>
      withHeartbeats(async ({ signal, step, report }) => {
        const { plan, spine } = await withPlan(artifactStore, input);
        const timestampColumn = plan.recipe.loader.entity_schema.timestamp_column;
        const { selection } = plan;
        const joined = await warehouse.historicalFeatures({ spine, timestampColumn, selection, step, signal });
        const rows = addOnDemandFeatures({ ...joined, selection, timestampColumn, load: (view) => transformRunner.load(view) });
        const written = await datasetStore.write(artifactStore.uri(runFile(input.key, 'training_set.parquet')), rows.schema, rows.batches, (count) => report({ rows: count, of: spine.rowCount }));
        const usage = totalUsage([spine.usage, joined.usage]);
        return { ...written, ...(usage === undefined ? {} : { usage }) };
      }),
  };
}
