import type { FeatureProjection, FeatureService, FeatureView, OnDemandFeatureView } from '../../../domain/features/definitions.ts';

/** What a service takes of on-demand feature views of ours, and the stored features that its message lists for those alone: the content of a tag. */
interface OnDemandParts {
  readonly views: readonly FeatureProjection[];
  readonly inputs: readonly FeatureProjection[];
}

/** The parts of a service that Feast can read: stored features, with all that the on-demand ones are computed from; and the text of the tag that says which those are. */
export function withoutOnDemand(service: FeatureService, views: readonly FeatureView[], onDemand: readonly OnDemandFeatureView[]): { readonly parts: readonly FeatureProjection[]; readonly tag: string | undefined } {
  const isComputed = (name: string): boolean => onDemand.some((view) => view.name === name);
  const taken = service.features.filter(({ view }) => isComputed(view));
  const allOf = (name: string): readonly string[] => views.find((view) => view.name === name)?.features.map((feature) => feature.name) ?? [];
  const parts = service.features.filter(({ view }) => !isComputed(view)).map((part) => ({ ...part, features: part.features ?? allOf(part.view) }));
  if (taken.length === 0) return { parts, tag: undefined };
  const inputs: FeatureProjection[] = [];
  for (const { view, features = allOf(view) } of taken.flatMap((part) => onDemand.find(({ name }) => name === part.view)?.inputs ?? [])) {
    const index = parts.findIndex((part) => (part.alias ?? part.view) === view);
    const added = features.filter((name) => parts[index]?.features.includes(name) !== true);
    if (added.length === 0) continue;
    inputs.push({ view, features: added });
    if (index < 0) parts.push({ view, features: added });
    else parts[index] = { ...parts[index]!, features: [...parts[index]!.features, ...added] };
  }
  const computed = taken.map(({ view, features }) => ({ view, features: features ?? onDemand.find(({ name }) => name === view)!.features.map(({ name }) => name) }));
  return { parts, tag: JSON.stringify({ views: computed, inputs } satisfies OnDemandParts) };
}

/** The parts of a service as they were defined, from those of its message and the tag. */
export function withOnDemand(parts: readonly FeatureProjection[], tag: string | undefined): readonly FeatureProjection[] {
  if (tag === undefined) return parts;
  const { views, inputs } = JSON.parse(tag) as OnDemandParts;
  const added = (part: FeatureProjection, name: string): boolean => inputs.some(({ view, features }) => view === (part.alias ?? part.view) && features?.includes(name) === true);
  const stored = parts.map((part) => ({ ...part, features: part.features?.filter((name) => !added(part, name)) ?? [] })).filter(({ features }) => features.length > 0);
  return [...stored, ...views];
}
