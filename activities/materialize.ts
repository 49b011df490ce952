import { createHash } from 'node:crypto';
import { columnValue } from '../domain/features/canonical.ts';
import { columnOf, type RecordBatch } from '../domain/data/columns.ts';
import { sliceBatch } from '../domain/data/slice-batch.ts';
import { snapshotView } from '../domain/features/resolve.ts';
import type { FeatureViewSnapshot } from '../domain/features/snapshot.ts';
import { formatInstant, MICROS_PER_SECOND, parseInstant, type Micros } from '../domain/instant.ts';
import { PipelineError } from '../domain/errors.ts';
import { suggestion } from '../domain/nearest.ts';
import type { OnlineWriteResult } from '../ports/online-store.ts';
import type { Ports } from '../ports/ports.ts';
import type { MaterializeFeaturesInput } from '../temporal/inputs.ts';
import { withHeartbeats } from './activity-runtime.ts';
import { readRegistry } from './registry-reader.ts';

/** One view's part of a materialization. Instants are ISO 8601 text with microseconds. */
export interface ViewWindow {
  readonly view: FeatureViewSnapshot;
  readonly start: string;
  readonly end: string;
  readonly slices: number;
}

/** A slice of this many rows is some seconds of work: longer than a step's overhead, short enough to lose to a kill. */
const ROWS_PER_SLICE = 250_000;

/** Each slice is an activity in the workflow's history, which has room for some thousands: a larger view gets larger slices. */
const MOST_SLICES = 500;

/** Views without ttl are read from the beginning of time. */
const BEGINNING: Micros = Number.MIN_SAFE_INTEGER;

type Needs = Pick<Ports, 'clock' | 'warehouse' | 'onlineStore' | 'featureRegistry'>;

export function createMaterialize(ports: Needs) {
  return {
    planMaterialization: (input: MaterializeFeaturesInput): Promise<readonly ViewWindow[]> => withHeartbeats(() => planWindows(ports, input)),
    materializeSlice: (input: { readonly window: ViewWindow; readonly index: number }): Promise<OnlineWriteResult> =>
      withHeartbeats(async ({ signal, resumedFrom, report }) => writeSlice(ports, input, { signal, report, ...cursorOf(resumedFrom) })),
    recordMaterialization: (window: ViewWindow): Promise<void> =>
      withHeartbeats(() => ports.featureRegistry.recordMaterialization(window.view.name, micros(window.start), micros(window.end))),
  };
}

async function planWindows({ clock, warehouse, featureRegistry }: Needs, input: MaterializeFeaturesInput): Promise<readonly ViewWindow[]> {
  const repository = await readRegistry(featureRegistry);
  const online = repository.featureViews.filter((view) => view.online !== false).map((view) => view.name);
  const unknown = (input.views ?? []).filter((name) => !online.includes(name));
  if (unknown.length > 0) {
    throw new PipelineError('NOT_FOUND', 'Nothing was materialized.', { problems: unknown.map((name) => ({ path: 'views', message: `names ${name}, which is no online feature view of the registry`, cure: suggestion(name, online) })) });
  }
  const endMicros = input.end === undefined ? clock.now() : micros(input.end);
  const windows: ViewWindow[] = [];
  for (const name of input.views ?? online) {
    const view = snapshotView(repository, name);
    const startMicros = input.start === undefined ? (view.ttlSeconds === null ? BEGINNING : endMicros - view.ttlSeconds * MICROS_PER_SECOND) : micros(input.start);
    if (startMicros > endMicros) throw new PipelineError('INVALID_INPUT', `The window of ${name} starts at ${formatInstant(startMicros)}, after its end ${formatInstant(endMicros)}.`);
    const rows = await warehouse.estimateRows({ view, startMicros, endMicros });
    windows.push({ view, start: formatInstant(startMicros), end: formatInstant(endMicros), slices: Math.min(MOST_SLICES, Math.max(1, Math.ceil(rows / ROWS_PER_SLICE))) });
  }
  return windows;
}

/** Where an earlier attempt of a slice had got to: rows come in a fixed order, so those counted are in the store. */
interface SliceCursor {
  readonly rows: number;
  /** Hash of the join keys of the last row in the store: enough to see that the order has not changed, and no data. */
  readonly lastKey: string;
  readonly written: number;
  readonly skipped: number;
}

interface SliceScope {
  readonly signal: AbortSignal;
  readonly report: (cursor: SliceCursor) => void;
  readonly cursor: SliceCursor | undefined;
}

function cursorOf(details: unknown): { readonly cursor: SliceCursor | undefined } {
  return { cursor: details as SliceCursor | undefined };
}

/** Writes the rows that the cursor does not cover. If the source changed, so that the cursor's row is not where it was, everything is written again. */
async function writeSlice(ports: Needs, input: { readonly window: ViewWindow; readonly index: number }, scope: SliceScope): Promise<OnlineWriteResult> {
  const { warehouse, onlineStore } = ports;
  const { view, start, end, slices } = input.window;
  const rows = await warehouse.newestRows({ view, startMicros: micros(start), endMicros: micros(end), slice: { index: input.index, count: slices }, signal: scope.signal });
  let [seen, written, skipped] = [0, scope.cursor?.written ?? 0, scope.cursor?.skipped ?? 0];
  for await (const batch of rows.batches) {
    const rest = unwritten(view, batch, seen, scope.cursor);
    if (rest === undefined) return writeSlice(ports, input, { ...scope, cursor: undefined });
    seen += batch.rowCount;
    if (rest.rowCount === 0) continue;
    scope.signal.throwIfAborted();
    const result = await onlineStore.write(view, rest);
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

function micros(text: string): Micros {
  const instant = parseInstant(text);
  if (instant === undefined) throw new PipelineError('INVALID_INPUT', `${JSON.stringify(text)} is not an instant such as "2026-11-23T10:00:00Z".`);
  return instant;
}
