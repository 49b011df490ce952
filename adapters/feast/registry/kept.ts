import type { KeptObject } from '../../../ports/feature-registry.ts';
import { FEATURE_SERVICES, FEATURE_VIEWS } from './kinds.ts';
import type { StoredObjects } from './plan.ts';
import { readService } from './service-message.ts';

/** What stays although the feature repository does not name it, since something of another program needs it: without it Feast could list and read nothing of the project. */
export interface Kept {
  readonly views: readonly KeptObject[];
  readonly entities: readonly string[];
  readonly sources: readonly string[];
  readonly services: readonly string[];
}

/** `wantedViews` and `wantedServices`: what the repository names. */
export function keptForOthers(stored: StoredObjects, wantedViews: ReadonlySet<string>, wantedServices: ReadonlySet<string>): Kept {
  const others = [...stored.otherViews.values()];
  const services = servicesOfOthers(stored);
  const readers = new Map<string, string[]>();
  const read = (view: string, reader: string): void => void readers.set(view, [...(readers.get(view) ?? []), reader]);
  for (const { kind, name, views } of others) for (const view of new Set(views)) read(view, `${kind} ${name}`);
  for (const { name, views } of services.filter((service) => !wantedServices.has(service.name))) for (const view of new Set(views)) read(view, `feature service ${name}`);
  const kept = [...stored.objects['feature view']].flatMap(([name, bytes]) => {
    const by = readers.get(name);
    return by === undefined || wantedViews.has(name) ? [] : [{ name, by, spec: FEATURE_VIEWS.decode(bytes).spec }];
  });
  return {
    views: kept.map(({ name, by }) => ({ kind: 'feature view', name, detail: `read by ${by.join(', ')}` })),
    entities: [...others.flatMap(({ entities }) => entities), ...kept.flatMap(({ spec }) => spec?.entities ?? [])],
    sources: [...others.flatMap(({ sources }) => sources), ...kept.flatMap(({ spec }) => [spec?.batchSource, spec?.streamSource, spec?.streamSource?.batchSource].flatMap((source) => source?.name ?? []))],
    services: services.map(({ name }) => name),
  };
}

/** Services that take features of views of other kinds: no definition of ours can name them, so that they belong to another program. */
function servicesOfOthers({ objects, otherViews }: StoredObjects): { readonly name: string; readonly views: readonly string[] }[] {
  return [...objects['feature service']].flatMap(([name, bytes]) => {
    const views = readService(FEATURE_SERVICES.decode(bytes)).features.map(({ view }) => view);
    return views.some((view) => otherViews.has(view)) ? [{ name, views }] : [];
  });
}
