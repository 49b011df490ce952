import { continueAsNew, executeChild, workflowInfo } from '@temporalio/workflow';
import type { ViewWindow } from '../activities/index.ts';
import { formatInstant, parseInstant } from '../domain/instant.ts';
import { backfillFeaturesInput, type BackfillFeaturesInput, type MaterializeFeaturesInput } from '../temporal/inputs.ts';
import { SEARCH_ATTRIBUTES } from '../temporal/search-attributes.ts';
import { local, quick, slices } from './activity-proxies.ts';
import type { MaterializedView, MaterializeFeaturesResult } from './materialize-features.ts';
import { trackSteps } from './step-tracker.ts';
import { checkedInput } from './workflow-failures.ts';

export interface BackfillFeaturesResult extends MaterializeFeaturesResult {
  readonly windows: number;
}

/** What a run hands to the next one. */
export interface BackfillState {
  readonly windowsDone: number;
  /** The end of the whole window, fixed by the first run. */
  readonly end: string;
  readonly counts: Readonly<Record<string, { readonly written: number; readonly skipped: number }>>;
}

/** Children of one run, at some six events each; then the work goes on in a new run with a short history. */
const CHILDREN_PER_RUN = 50;

const MICROS_PER_HOUR = 3_600_000_000;

/**
 * Materializes a long window of event timestamps in windows that each are a child workflow, the newest first: so the values to be served are there soon, and older rows find
 * them and are left out. Rows are taken as they are known at the end of the whole window. The interval is recorded once, when all children have ended well.
 */
export async function backfillFeatures(input: BackfillFeaturesInput, state?: BackfillState): Promise<BackfillFeaturesResult> {
  const request = checkedInput(backfillFeaturesInput, input, 'backfillFeatures');
  const tracker = trackSteps(['plan', 'windows', 'record']);
  tracker.allowSearch(await local.hasSearchAttributes());
  const end = state?.end ?? request.end ?? formatInstant(Date.now() * 1000);
  const whole = { start: request.start, end, ...(request.views === undefined ? {} : { views: request.views }) };
  const views = await tracker.step('plan', () => quick.planMaterialization(whole), (plan) => `${plan.length} views`);
  tracker.tag([{ key: SEARCH_ATTRIBUTES.featureView, value: views.map(({ view }) => view.name) }]);
  const windows = new Windows(whole, request.window_hours, state?.windowsDone ?? 0);
  const counts = new Map(Object.entries(state?.counts ?? {}));
  await tracker.step('windows', () => runChildren(windows, request.parallel, views, counts, (done) => tracker.say('windows', `${done} of ${windows.count}`)), () => `${windows.done} of ${windows.count}`);
  if (windows.done < windows.count) return continueAsNew<typeof backfillFeatures>(input, { windowsDone: windows.done, end, counts: Object.fromEntries(counts) });
  await tracker.step('record', () => finishViews(views));
  return { windows: windows.count, views: views.map((view): MaterializedView => ({ view: view.view.name, written: 0, skipped: 0, ...counts.get(view.view.name), start: view.start, end: view.end })) };
}

/** The windows from the end backwards; their edges touch, so that none is missed and no event timestamp is in two. */
class Windows {
  readonly count: number;
  readonly #last: number;
  readonly #from: number;
  readonly #to: number;
  readonly #length: number;
  done: number;

  constructor({ start, end }: { readonly start: string; readonly end: string }, hours: number, done: number) {
    [this.#from, this.#to, this.#length] = [parseInstant(start)!, parseInstant(end)!, Math.max(1, Math.round(hours * MICROS_PER_HOUR))];
    this.count = Math.max(1, Math.ceil((this.#to - this.#from + 1) / this.#length));
    this.done = done;
    this.#last = Math.min(this.count, done + CHILDREN_PER_RUN);
  }

  /** The windows of this run. */
  *[Symbol.iterator](): Generator<{ readonly start: string; readonly end: string }, undefined> {
    for (let index = this.done; index < this.#last; index++) {
      const end = this.#to - index * this.#length;
      yield { start: formatInstant(Math.max(this.#from, end - this.#length + 1)), end: formatInstant(end) };
    }
    return undefined;
  }
}

async function runChildren(windows: Windows, parallel: number, views: readonly ViewWindow[], counts: Map<string, { readonly written: number; readonly skipped: number }>, onDone: (done: number) => void): Promise<void> {
  const queue = windows[Symbol.iterator]();
  const known_by = views[0]?.end;
  const names = views.map(({ view }) => view.name);
  const lane = async (): Promise<void> => {
    for (const { start, end } of queue) {
      const child: MaterializeFeaturesInput = { views: names, start, end, part: true, ...(known_by === undefined ? {} : { known_by }) };
      const result = (await executeChild('materializeFeatures', { workflowId: `${workflowInfo().workflowId}-${start}`, parentClosePolicy: 'REQUEST_CANCEL', args: [child] })) as MaterializeFeaturesResult;
      for (const { view, written, skipped } of result.views) {
        const sum = counts.get(view) ?? { written: 0, skipped: 0 };
        counts.set(view, { written: sum.written + written, skipped: sum.skipped + skipped });
      }
      onDone(++windows.done);
    }
  };
  if (names.length > 0) await Promise.all(Array.from({ length: parallel }, lane));
  else windows.done = windows.count;
}

async function finishViews(views: readonly ViewWindow[]): Promise<void> {
  for (const { view, start, end } of views) {
    await slices.renewExpiry({ view });
    await quick.recordMaterialization({ view, start, end });
  }
}
