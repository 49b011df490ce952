import { materializeFeaturesInput, type MaterializeFeaturesInput } from '../temporal/inputs.ts';
import { SEARCH_ATTRIBUTES } from '../temporal/search-attributes.ts';
import type { ViewWindow } from '../activities/index.ts';
import { local, quick, slices } from './activity-proxies.ts';
import { trackSteps } from './step-tracker.ts';
import { checkedInput } from './workflow-failures.ts';

export interface MaterializedView {
  readonly view: string;
  readonly written: number;
  /** Rows left alone because the store had them as new or newer. */
  readonly skipped: number;
  readonly start: string;
  readonly end: string;
}

export interface MaterializeFeaturesResult {
  readonly views: readonly MaterializedView[];
}

/** Slices under way at once: the store and the warehouse are shared with serving. */
const PARALLEL_SLICES = 4;

/**
 * Copies the newest value of every entity, for a window of event timestamps, from the warehouse to the online store, view by view in slices. A view's interval is
 * recorded only when all of its slices are in the store. Repeating it changes no value, since an older event never replaces a newer one.
 */
export async function materializeFeatures(input: MaterializeFeaturesInput): Promise<MaterializeFeaturesResult> {
  const request = checkedInput(materializeFeaturesInput, input, 'materializeFeatures');
  const tracker = trackSteps(['plan']);
  tracker.allowSearch(await local.hasSearchAttributes());
  const windows = await tracker.step('plan', () => quick.planMaterialization(request), (plan) => `${plan.length} views`);
  tracker.tag([{ key: SEARCH_ATTRIBUTES.featureView, value: windows.map(({ view }) => view.name) }]);
  const views: MaterializedView[] = [];
  for (const window of windows) {
    views.push(await tracker.step(window.view.name, () => materializeView(window), ({ written, skipped }) => `${written} written, ${skipped} kept`));
  }
  return { views };
}

async function materializeView(window: ViewWindow): Promise<MaterializedView> {
  let [next, written, skipped] = [0, 0, 0];
  const lane = async (): Promise<void> => {
    while (next < window.slices) {
      const result = await slices.materializeSlice({ window, index: next++ });
      written += result.written;
      skipped += result.skipped;
    }
  };
  await Promise.all(Array.from({ length: Math.min(PARALLEL_SLICES, window.slices) }, lane));
  await quick.recordMaterialization(window);
  return { view: window.view.name, written, skipped, start: window.start, end: window.end };
}
