import type { OnDemandFeatureView } from '../../../domain/features/definitions.ts';
import type { Problem } from '../../../domain/errors.ts';
import type { Micros } from '../../../domain/instant.ts';
import type { ApplyPlan } from '../../../ports/feature-registry.ts';
import { describeDifference } from './difference.ts';
import type { RegistryReader, RegistryRecords } from './records.ts';

/**
 * The note in which our on-demand feature views stand, as JSON, with their functions. Feast's own place for such views holds pickled Python, which would be run by whoever reads it: nothing of ours
 * is written there.
 */
const ON_DEMAND_VIEWS = 'ml_pipeline.on_demand_feature_views';

export type OnDemandViews = ReadonlyMap<string, OnDemandFeatureView>;

export async function readOnDemandViews(records: RegistryReader): Promise<OnDemandViews> {
  const text = await records.note(ON_DEMAND_VIEWS);
  const views = text === undefined ? [] : (JSON.parse(text) as OnDemandFeatureView[]);
  return new Map(views.map((view) => [view.name, view]));
}

export function writeOnDemandViews(records: RegistryRecords, views: readonly OnDemandFeatureView[], now: Micros): Promise<void> {
  return records.putNote(ON_DEMAND_VIEWS, JSON.stringify(views), now);
}

/** What becomes of the views that are stored; `views`: all of them afterwards, undefined when nothing changes. */
export interface OnDemandPlan extends Pick<ApplyPlan, 'changes' | 'unchanged'> {
  readonly views: readonly OnDemandFeatureView[] | undefined;
}

export function planOnDemandViews(wanted: readonly OnDemandFeatureView[], stored: OnDemandViews): OnDemandPlan {
  const views = wanted.map(registeredForm);
  const kind = 'on-demand feature view';
  const changed = views.filter((view) => JSON.stringify(stored.get(view.name)) !== JSON.stringify(view));
  const removed = [...stored.keys()].filter((name) => !views.some((view) => view.name === name));
  const changes: ApplyPlan['changes'] = [
    ...changed.map((view) => {
      const before = stored.get(view.name);
      if (before === undefined) return { kind, name: view.name, action: 'add', detail: 'it is new' } as const;
      return { kind, name: view.name, action: 'change', detail: describeDifference(shownForm, before, view) } as const;
    }),
    ...removed.map((name) => ({ kind, name, action: 'remove', detail: 'it is not in the feature repository' }) as const),
  ];
  return { changes, unchanged: views.length - changed.length, views: changes.length === 0 ? undefined : views };
}

/** A definition that was not loaded from its repository has no function to store. */
export function bundleProblems(views: readonly OnDemandFeatureView[]): Problem[] {
  return views.filter(({ bundle }) => bundle === undefined).map(({ name, module }) => ({ path: `on-demand feature view ${name}`, message: `Its function (${module}) is not bundled.`, cure: 'Load the repository from its folder.' }));
}

/** The parts of a definition in one order, so that equal definitions have equal texts. */
function registeredForm({ name, inputs, request, asOf = false, features, module, bundle, description, owner, tags }: OnDemandFeatureView): OnDemandFeatureView {
  const optional = { ...(bundle === undefined ? {} : { bundle }), ...(description === undefined ? {} : { description }), ...(owner === undefined ? {} : { owner }), ...(tags === undefined ? {} : { tags }) };
  return { name, inputs, request, asOf, features, module, ...optional };
}

/** For people: the function by the beginning of its hash. */
function shownForm({ bundle, ...view }: OnDemandFeatureView): object {
  return { ...view, function: bundle?.sha256.slice(0, 12) };
}
