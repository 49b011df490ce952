import type { Problem } from '../errors.ts';
import { suggestion } from '../nearest.ts';
import type { FeatureRepository } from './definitions.ts';
import { snapshotView } from './resolve.ts';
import { type FeatureSelection, type FeatureViewSnapshot, selectedName } from './snapshot.ts';

/** A model that answers requests: an alias of the model registry names it, or the settings of the API do. */
export interface NamedModel {
  /** As registered; of a model past the registry its URI. */
  readonly name: string;
  readonly version?: string;
  readonly aliases: readonly string[];
  /** Named by `api.model`. Left out: false. */
  readonly isConfigured?: boolean;
}

export interface ServedModel extends NamedModel {
  /** The features it looks up online. */
  readonly features: FeatureSelection;
}

/** One whose files do not say what it needs. */
export interface UnreadableModel extends NamedModel {
  readonly reason: string;
}

/**
 * On-demand features whose function in the repository is another one than a served model was trained with, a sentence each. Nothing that is served changes by that: the model runs
 * its own copy.
 */
export function onDemandDifferences(models: readonly ServedModel[], { onDemandFeatureViews = [] }: FeatureRepository): readonly string[] {
  return models.flatMap((model) => (model.features.onDemand ?? []).flatMap(({ name, sha256 }) => {
    const now = onDemandFeatureViews.find((view) => view.name === name)?.bundle?.sha256;
    if (now === sha256) return [];
    const difference = now === undefined ? 'which the repository does not have any more' : `whose function in the repository is another one now (${now.slice(0, 12)}, trained with ${sha256.slice(0, 12)})`;
    return [`${modelName(model)} computes ${name}, ${difference}: it goes on with its own copy until a new version is trained`];
  }));
}

function modelName({ name, version, aliases, isConfigured = false }: NamedModel): string {
  const ways = [...aliases.map((alias) => `@${alias}`), ...(isConfigured ? ['api.model'] : [])];
  return `model ${name}${version === undefined ? '' : ` version ${version}`} (${ways.join(', ')})`;
}

const CURE = 'Keep it until a model that does without is promoted, or move the alias; --force applies all the same.';

/**
 * What served models would miss once `after` is applied: a view that is not online any more, a feature, its type, the join keys. What they miss already with `before` (what is applied
 * now) is not held against the change.
 */
export function servedModelProblems(models: readonly ServedModel[], before: FeatureRepository, after: FeatureRepository): Problem[] {
  const already = new Set(models.flatMap((model) => modelProblems(model, before)).map(({ path, message }) => `${path} ${message}`));
  return models.flatMap((model) => modelProblems(model, after)).filter(({ path, message }) => !already.has(`${path} ${message}`));
}

/**
 * Models that may miss what the change takes away: nobody can say what they need. A change that takes nothing from any reader is none of theirs.
 */
export function unreadableModelProblems(models: readonly UnreadableModel[], before: FeatureRepository, after: FeatureRepository): Problem[] {
  const lost = before.featureViews.map(({ name }) => snapshotView(before, name)).filter(({ online }) => online).flatMap((view) => {
    const messages = viewProblems(view, view.features.map(({ name }) => name), after);
    return messages.length === 0 ? [] : [view.name];
  });
  if (lost.length === 0) return [];
  return models.map((model) => ({ path: modelName(model), message: `It cannot be read, so that nobody knows whether it needs what goes of ${lost.join(', ')}: ${model.reason}`, cure: 'Mend it, or serve another model; --force applies all the same.' }));
}

function modelProblems(model: ServedModel, repository: FeatureRepository): Problem[] {
  const who = modelName(model);
  return model.features.views.flatMap((view) => {
    const taken = model.features.columns.filter((column) => column.view === selectedName(view)).map((column) => column.feature);
    return viewProblems(view, taken, repository).map((message) => ({ path: `${who}, feature view ${view.name}`, message, cure: CURE }));
  });
}

function viewProblems(needed: FeatureViewSnapshot, taken: readonly string[], repository: FeatureRepository): string[] {
  const names = repository.featureViews.map(({ name }) => name);
  if (!names.includes(needed.name)) return [`It reads ${taken.join(', ')} of the view, which would not be there. ${suggestion(needed.name, names)}`];
  const view = snapshotView(repository, needed.name);
  if (!view.online) return [`It reads ${taken.join(', ')} of the view, which would not be online.`];
  const keys = ({ joinKeys }: FeatureViewSnapshot): string => joinKeys.map(({ name, type }) => `${name} (${type})`).sort().join(', ');
  if (keys(view) !== keys(needed)) return [`It looks the view up by ${keys(needed) || 'nothing'}; the view's join keys would be ${keys(view) || 'none'}.`];
  return taken.flatMap((name) => {
    const wanted = needed.features.find((feature) => feature.name === name)?.type;
    const type = view.features.find((feature) => feature.name === name)?.type;
    if (type === undefined) return [`It reads feature ${name}, which would not be there.`];
    return type === wanted ? [] : [`It reads feature ${name} as ${wanted ?? 'unknown'}; it would be ${type}.`];
  });
}
