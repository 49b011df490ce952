import type { OnlineWriteResult } from '../ports/online-store.ts';
import type { Ports } from '../ports/ports.ts';
import type { MaterializeFeaturesInput } from '../temporal/inputs.ts';
import { withHeartbeats } from './activity-runtime.ts';
import { markOf, micros, planWindows, type ViewWindow } from './plan-materialization.ts';
import { writeSlice, type SliceCursor, type WindowSlice } from './write-slice.ts';

export type { ViewWindow } from './plan-materialization.ts';

type Needs = Pick<Ports, 'clock' | 'keyTtlSeconds' | 'warehouse' | 'onlineStore' | 'featureRegistry'>;

export function createMaterialize(ports: Needs) {
  return {
    /** What a change of definitions could not remove any more goes first: later it would take new values with it. */
    planMaterialization: (input: MaterializeFeaturesInput): Promise<readonly ViewWindow[]> =>
      withHeartbeats(async () => {
        await ports.featureRegistry.removeOnlineValues((view) => ports.onlineStore.remove(view));
        return planWindows(ports, input);
      }),
    /** Not while `apply` removes values of the view, and not after it: what the definition was when this was planned must still hold. */
    materializeSlice: (slice: WindowSlice): Promise<OnlineWriteResult> =>
      withHeartbeats(({ signal, run, resumedFrom, report }) =>
        ports.featureRegistry.whileDefined(slice.window.view, (kept) => writeSlice(ports, slice, { signal: AbortSignal.any([signal, kept]), report, run, cursor: resumedFrom as SliceCursor | undefined })),
      ),
    /** Every value that may still be served lives on, also where no row of it was written. */
    renewExpiry: ({ view, wholeSince }: Pick<ViewWindow, 'view' | 'wholeSince'>): Promise<{ readonly renewed: number }> =>
      withHeartbeats(() => ports.onlineStore.renew(view, ports.clock.now(), wholeSince === undefined ? undefined : micros(wholeSince))),
    recordMaterialization: ({ view, start, since = start, end, mark }: Pick<ViewWindow, 'view' | 'start' | 'since' | 'end' | 'mark'>): Promise<void> =>
      withHeartbeats(() => ports.featureRegistry.recordMaterialization(view.name, micros(since), micros(end), view, markOf(end, mark, ports.clock.now(), ports.keyTtlSeconds))),
  };
}
