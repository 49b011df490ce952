import { patched } from '@temporalio/workflow';
import { materializeFeaturesInput, type MaterializeFeaturesInput } from '../temporal/inputs.ts';
import { SEARCH_ATTRIBUTES } from '../temporal/search-attributes.ts';
import type { ViewWindow } from '../activities/index.ts';
import { local, quick, slices } from './activity-proxies.ts';
import { withView } from './hold-view.ts';
import { trackSteps } from './step-tracker.ts';
import { checkedInput } from './workflow-failures.ts';

export interface MaterializedView {
  readonly view: string;
  readonly written: number;
  /** Rows left alone because the store had them as new or newer. */
  readonly skipped: number;
  readonly start: string;
  readonly end: string;
  /** Of an incremental materialization: the end of the one before it. */
  readonly since?: string;
  /** Of an incremental materialization that took the view whole although it was materialized before: why. */
  readonly wholeBecause?: string;
}

export interface MaterializeFeaturesResult {
  readonly views: readonly MaterializedView[];
}

/** Slices under way at once: the store and the warehouse are shared with serving. */
const PARALLEL_SLICES = 3;

/**
 * Copies the newest value of every entity, for a window of event timestamps or of what came to be seen since the last time, from the warehouse to the online store, view by
 * view in slices. Then the expiry of every value that may still be served is renewed, and the view's interval recorded: not before all of its slices are in the store.
 * Repeating it changes no value, since an older event never replaces a newer one. No two runs are at work on a view at once: the later one waits. (The windows of a backfill are:
 * old rows are to be no reason for new ones to be late.)
 */
export async function materializeFeatures(input: MaterializeFeaturesInput): Promise<MaterializeFeaturesResult> {
  const request = checkedInput(materializeFeaturesInput, input, 'materializeFeatures');
  const tracker = trackSteps(['plan']);
  tracker.allowSearch(await local.hasSearchAttributes());
  const windows = await tracker.step('plan', () => quick.planMaterialization(request), (plan) => `${plan.length} views`);
  tracker.tag([{ key: SEARCH_ATTRIBUTES.featureView, value: windows.map(({ view }) => view.name) }]);
  const views: MaterializedView[] = [];
  for (const window of windows) {
    const { name } = window.view;
    const alone = request.part !== true && patched('one-run-per-view');
    const takeTurn = (): Promise<MaterializedView> =>
      withView(name, () => tracker.say(name, 'waits for another run'), (waited) => {
        if (waited) tracker.say(name, 'after another run');
        return materializeView(request, window, waited);
      });
    const work = alone ? takeTurn : () => materializeView(request, window, false);
    views.push(await tracker.step(name, work, ({ written, skipped, wholeBecause }) => `${written} written, ${skipped} kept${wholeBecause === undefined ? '' : `, ${wholeBecause}`}`));
  }
  return { views };
}

/** A run that had to wait plans the view anew: the other one has done its work. */
async function materializeView(request: MaterializeFeaturesInput, planned: ViewWindow, waited: boolean): Promise<MaterializedView> {
  const window = waited ? (await quick.planMaterialization({ ...request, views: [planned.view.name] }))[0]! : planned;
  const written = await writeSlices(window);
  if (request.part !== true) await finishView(window);
  return written;
}

async function writeSlices(window: ViewWindow): Promise<MaterializedView> {
  let [next, written, skipped] = [0, 0, 0];
  const lane = async (): Promise<void> => {
    while (next < window.slices) {
      const result = await slices.materializeSlice({ window, index: next++ });
      written += result.written;
      skipped += result.skipped;
    }
  };
  await Promise.all(Array.from({ length: Math.min(PARALLEL_SLICES, window.slices) }, lane));
  const { view, start, end, since, wholeBecause } = window;
  return { view: view.name, written, skipped, start, end, ...(since === undefined ? {} : { since }), ...(wholeBecause === undefined ? {} : { wholeBecause }) };
}

/** Nothing is recorded of an incremental window that ends before the last one did. */
async function finishView(window: ViewWindow): Promise<void> {
  const { view, start, end, since, wholeSince, mark } = window;
  await slices.renewExpiry({ view, ...(wholeSince === undefined ? {} : { wholeSince }) });
  if (window.slices > 0) await quick.recordMaterialization({ view, start, end, ...(since === undefined ? {} : { since }), ...(mark === undefined ? {} : { mark }) });
}
