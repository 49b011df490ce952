import { PipelineError } from '../domain/errors.ts';
import { BEGINNING } from '../domain/instant.ts';
import type { Ports } from '../ports/ports.ts';
import { checkTraining } from './check-training.ts';
import { planWindows, requestOf } from './plan-materialization.ts';

/** Bytes that the warehouse would process, and bill, for one run each. */
export interface MeasuredBytes {
  /** The loader's query once, and every view of the recipe from its beginning: the most that a training reads, since a join leaves out partitions that no row of the spine looks back to. */
  readonly training: number;
  /** An incremental materialization now of the views that the recipe reads. */
  readonly materialization: number;
}

type Needs = Pick<Ports, 'clock' | 'recipes' | 'sqlTemplates' | 'featureRegistry' | 'warehouse' | 'keyTtlSeconds'>;

/** Asks the warehouse without running anything. UNSUPPORTED where it does not bill by bytes; else what `checkTraining` refuses. */
export async function measureBytes(ports: Needs, recipe: string): Promise<MeasuredBytes> {
  const { warehouse } = ports;
  const { processedBytes } = warehouse;
  if (processedBytes === undefined) throw new PipelineError('UNSUPPORTED', 'This environment\'s warehouse does not bill by bytes, so there is nothing to measure. Give --training-bytes and --materialization-bytes, or measure in an environment on BigQuery (APP_ENV).');
  const { loaded, asOfMicros, selection } = await checkTraining(ports, { recipe });
  const { source_uri: sourceUri, parameters } = loaded.recipe.loader;
  let training = await processedBytes({ query: await ports.sqlTemplates.render({ sourceUri, parameters, asOfMicros }) });
  for (const view of selection.views) training += await processedBytes({ newestRows: { view, startMicros: BEGINNING, endMicros: asOfMicros } });
  const views = [...new Set(selection.views.filter(({ online }) => online).map(({ name }) => name))];
  let materialization = 0;
  if (views.length > 0) {
    for (const window of await planWindows(ports, { views, incremental: true })) if (window.slices > 0) materialization += await processedBytes({ newestRows: { view: window.view, ...requestOf(window) } });
  }
  return { training, materialization };
}
