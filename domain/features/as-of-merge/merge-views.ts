import type { Column, RecordBatch } from '../../data/columns.ts';
import { columnOf } from '../../data/columns.ts';
import { PipelineError } from '../../errors.ts';
import { ViewMerge } from './merge-view.ts';
import type { ViewRows } from './merge-view.ts';

export interface MergeRequest {
  /** In the order of the timestamp column; rows without an instant may stand anywhere. */
  readonly spine: AsyncIterable<RecordBatch>;
  readonly timestampColumn: string;
  readonly views: readonly ViewRows[];
  /** Which columns follow those of the spine: feature `feature` of view `view`, both by position, under a name of their own. */
  readonly columns: readonly { readonly view: number; readonly feature: number; readonly name: string }[];
  /** Called after each batch with the bytes that the views' newest rows take, about. May throw. */
  readonly onMemory?: (bytes: number) => void;
}

/**
 * The point-in-time join (domain/features/point-in-time.ts) as one pass over spine and sources, all of them in the order of time: as a merge of sorted lists, in which the newest row of each
 * entity is remembered. Every spine row comes out once, in order, its columns first. Takes time in proportion to the rows, and memory in proportion to the entities.
 */
export async function* mergeViews({ spine, timestampColumn, views, columns, onMemory }: MergeRequest): AsyncGenerator<RecordBatch> {
  const merges = views.map((view) => new ViewMerge(view));
  let latest = -Infinity;
  for await (const batch of spine) {
    const asOf = columnOf(batch, timestampColumn);
    if (asOf.type !== 'Timestamp') throw new RangeError(`column ${timestampColumn} holds no instants`);
    latest = refuseDisorder(asOf, latest);
    const features: Column[][] = [];
    for (const merge of merges) features.push(await merge.join(batch, asOf));
    onMemory?.(merges.reduce((sum, merge) => sum + merge.bytes, 0));
    yield { rowCount: batch.rowCount, columns: [...batch.columns, ...columns.map(({ view, feature, name }) => ({ ...features[view]![feature]!, name }))] };
  }
}

function refuseDisorder({ values, nulls }: Column & { readonly type: 'Timestamp' }, latest: number): number {
  for (let row = 0; row < values.length; row++) {
    if (nulls !== null && nulls[row] === 1) continue;
    if (values[row]! < latest) throw new PipelineError('INVALID_DATA', 'The spine is not in the order of its instants. Write it with writeSpine, which sorts it.');
    latest = values[row]!;
  }
  return latest;
}
