import { createHash } from 'node:crypto';
import { columnValue } from '../domain/features/canonical.ts';
import { columnOf, type RecordBatch } from '../domain/data/columns.ts';
import { sliceBatch } from '../domain/data/slice-batch.ts';
import type { FeatureViewSnapshot } from '../domain/features/snapshot.ts';
import type { OnlineWriteResult } from '../ports/online-store.ts';
import type { Ports } from '../ports/ports.ts';
import { requestOf, type ViewWindow } from './plan-materialization.ts';
import { readAhead } from './read-ahead.ts';

export interface WindowSlice {
  readonly window: ViewWindow;
  readonly index: number;
}

/** Where an earlier attempt of a slice had got to: rows come in a fixed order, so those counted are in the store. */
export interface SliceCursor {
  readonly rows: number;
  /** Hash of the join keys of the last row in the store: enough to see that the order has not changed, and no data. */
  readonly lastKey: string;
  readonly written: number;
  readonly skipped: number;
}

export interface SliceScope {
  readonly signal: AbortSignal;
  readonly report: (cursor: SliceCursor) => void;
  readonly cursor: SliceCursor | undefined;
  /** Names the run, whose slices share the result that the first of them made, as attempts at one slice do (NewestRowsRequest.step of ports/warehouse.ts). */
  readonly run: string;
}

type Needs = Pick<Ports, 'warehouse' | 'onlineStore'>;

/** Writes the rows that the cursor does not cover. If the source changed, so that the cursor's row is not where it was, everything is written again. */
export async function writeSlice(ports: Needs, slice: WindowSlice, scope: SliceScope): Promise<OnlineWriteResult> {
  const { view, slices } = slice.window;
  const reading = new AbortController(); // ends a query that still runs when a write has failed
  const signal = AbortSignal.any([scope.signal, reading.signal]);
  const rows = await ports.warehouse.newestRows({ view, ...requestOf(slice.window), slice: { index: slice.index, count: slices }, step: scope.run, signal });
  let [seen, written, skipped] = [0, scope.cursor?.written ?? 0, scope.cursor?.skipped ?? 0];
  for await (const batch of readAhead(rows.batches, () => reading.abort())) {
    const rest = unwritten(view, batch, seen, scope.cursor);
    if (rest === undefined) return writeSlice(ports, slice, { ...scope, cursor: undefined });
    seen += batch.rowCount;
    if (rest.rowCount === 0) continue;
    scope.signal.throwIfAborted();
    const result = await ports.onlineStore.write(view, rest);
    written += result.written;
    skipped += result.skipped;
    scope.report({ rows: seen, lastKey: keyAt(view, batch, batch.rowCount - 1), written, skipped });
  }
  return { written, skipped };
}

/** The rows of the batch that the cursor does not cover; undefined when the cursor's row is not where it was. */
function unwritten(view: FeatureViewSnapshot, batch: RecordBatch, seen: number, cursor: SliceCursor | undefined): RecordBatch | undefined {
  if (cursor === undefined || seen >= cursor.rows) return batch;
  const covered = cursor.rows - seen;
  if (covered > batch.rowCount) return sliceBatch(batch, 0, 0);
  return keyAt(view, batch, covered - 1) === cursor.lastKey ? sliceBatch(batch, covered, batch.rowCount) : undefined;
}

function keyAt(view: FeatureViewSnapshot, batch: RecordBatch, row: number): string {
  const keys = view.joinKeys.map(({ name }) => String(columnValue(columnOf(batch, name), row)));
  return createHash('sha256').update(JSON.stringify(keys)).digest('hex');
}
