import { markOf, planWindows, requestOf } from '../../activities/plan-materialization.ts';
import type { FeatureRepository, FeatureView } from '../../domain/features/definitions.ts';
import { pushedBatch, type PushedRow } from '../../domain/features/pushed-rows.ts';
import type { FeatureViewSnapshot } from '../../domain/features/snapshot.ts';
import type { FeatureValue } from '../../domain/features/value-types.ts';
import { formatInstant, type Micros } from '../../domain/instant.ts';
import type { FeatureRegistry, RegisteredView, RegistryContents } from '../../ports/feature-registry.ts';
import type { OnlineStore } from '../../ports/online-store.ts';
import type { PushLog } from '../../ports/push-log.ts';
import type { Warehouse } from '../../ports/warehouse.ts';

/** A row that comes by a push, and when. */
export interface Arrival {
  readonly view: string;
  readonly at: Micros;
  readonly row: PushedRow;
}

export function pushedRow(id: number, values: readonly FeatureValue[], event: Micros, more: { readonly created?: Micros; readonly deleted?: boolean } = {}): PushedRow {
  const { created = null, deleted = false } = more;
  return { key: [BigInt(id)], values: deleted ? values.map(() => null) : values, eventTimestampMicros: event, createdTimestampMicros: created, deleted };
}

/** How the online store is brought up to an instant. `again`: incremental, and once more without anything new. */
export type Run = 'full' | 'incremental' | 'again';

export interface Replayed {
  readonly repository: FeatureRepository;
  readonly views: readonly FeatureViewSnapshot[];
  readonly warehouse: Warehouse;
  readonly pushLog: PushLog;
  readonly store: OnlineStore;
}

/**
 * The life of a project, replayed up to one instant after the other: rows are pushed in the order of their arrival, into the table and the online store, and the plans of the product's own
 * materializations are carried out, with the watermarks that they leave.
 */
export function createReplay({ repository, views, warehouse, pushLog, store }: Replayed, arrivals: readonly Arrival[]) {
  const waiting = [...arrivals].sort((a, b) => a.at - b.at);
  const marks = new Map<string, NonNullable<RegisteredView['mark']>>();
  let now: Micros = 0;
  const registered = (view: FeatureView): RegisteredView => {
    const mark = marks.get(view.name);
    return { view, createdMicros: 0, updatedMicros: 0, state: 'available online', materializationIntervals: [], ...(mark === undefined ? {} : { mark }) };
  };
  const contents = (): Promise<RegistryContents> => Promise.resolve({ ...repository, views: repository.featureViews.map(registered), dataSources: [], unusable: [] });
  const ports = { clock: { now: () => now }, featureRegistry: { contents } as unknown as FeatureRegistry, keyTtlSeconds: null, warehouse };

  async function push({ view: name, at, row }: Arrival): Promise<void> {
    const view = views.find((candidate) => candidate.name === name)!;
    const [recorded] = await pushLog.record([{ receivedMicros: at, views: [{ view, rows: [row] }], online: true }]);
    for (const rows of recorded!.views) await store.write(view, pushedBatch(rows));
    await pushLog.settle(recorded!.tickets);
  }

  async function materialize(run: 'full' | 'incremental'): Promise<void> {
    const input = { end: formatInstant(now), ...(run === 'full' ? {} : { incremental: true, overlap_seconds: 0 }) };
    for (const { view: { name }, slices, ...window } of await planWindows(ports, input)) {
      const view = views.find((candidate) => candidate.name === name)!;
      for (let index = 0; index < slices; index++) {
        const newest = await warehouse.newestRows({ view, ...requestOf(window), slice: { index, count: slices } });
        for await (const batch of newest.batches) await store.write(view, batch);
      }
      const mark = markOf(window.end, window.mark, now, null);
      if (mark !== undefined) marks.set(name, mark);
    }
  }

  return async (until: Micros, run: Run): Promise<void> => {
    now = until;
    while (waiting.length > 0 && waiting[0]!.at <= until) await push(waiting.shift()!);
    await materialize(run === 'full' ? 'full' : 'incremental');
    if (run === 'again') await materialize('incremental');
  };
}
