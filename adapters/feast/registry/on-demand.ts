import type { OnDemandFeatureView } from '../../../domain/features/definitions.ts';
import type { Problem } from '../../../domain/errors.ts';
import { type Micros, MICROS_PER_SECOND } from '../../../domain/instant.ts';
import type { ApplyPlan } from '../../../ports/feature-registry.ts';
import { quoteIdentifier } from '../../postgres/pool.ts';
import { describeDifference } from './difference.ts';
import type { RegistryRows } from './rows.ts';

/**
 * Key of feast_metadata under which our on-demand feature views stand, as JSON, with their functions. Feast's own table of such views holds pickled Python, which would be run by
 * whoever reads it: nothing of ours is written there. Feast passes over metadata keys that it does not know.
 */
const ON_DEMAND_VIEWS = 'ml_pipeline.on_demand_feature_views';

export type OnDemandViews = ReadonlyMap<string, OnDemandFeatureView>;

export async function readOnDemandViews({ client, schema, project }: RegistryRows): Promise<OnDemandViews> {
  const { rows } = await client.query<{ value: string }>(`SELECT metadata_value AS value FROM ${quoteIdentifier(schema)}.feast_metadata WHERE project_id = $1 AND metadata_key = $2`, [project, ON_DEMAND_VIEWS]);
  const views = rows[0] === undefined ? [] : (JSON.parse(rows[0].value) as OnDemandFeatureView[]);
  return new Map(views.map((view) => [view.name, view]));
}

export async function writeOnDemandViews({ client, schema, project }: RegistryRows, views: readonly OnDemandFeatureView[], now: Micros): Promise<void> {
  await client.query(
    `INSERT INTO ${quoteIdentifier(schema)}.feast_metadata (project_id, metadata_key, metadata_value, last_updated_timestamp) VALUES ($1, $2, $3, $4)
     ON CONFLICT (project_id, metadata_key) DO UPDATE SET metadata_value = excluded.metadata_value, last_updated_timestamp = excluded.last_updated_timestamp`,
    [project, ON_DEMAND_VIEWS, JSON.stringify(views), Math.floor(now / MICROS_PER_SECOND)],
  );
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
