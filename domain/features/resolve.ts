import { type Problem, PipelineError, refuseProblems } from '../errors.ts';
import { suggestion } from '../nearest.ts';
import type { FeatureProjection, FeatureRepository, FeatureService } from './definitions.ts';
import { missingView, missingViewError } from './missing-view.ts';
import { onDemandView, selectColumns } from './on-demand-selection.ts';
import type { FeatureSelection, FeatureViewSnapshot, SelectedFeature } from './snapshot.ts';

/** What a read asks for: a service by name, or feature references `view:feature`. */
export type FeatureRequest = { readonly featureService: string } | { readonly features: readonly string[] };

interface Reference {
  /** The view's name, or its alias in the service. */
  readonly view: string;
  readonly feature: string;
}

/** A view as one read takes it. */
type TakenView = Pick<FeatureProjection, 'view' | 'alias' | 'joinKeyMap'>;

/** What is asked for, as written: references, and by what name each of their views goes. */
interface Wish {
  readonly references: readonly Reference[];
  readonly taken: ReadonlyMap<string, TakenView>;
}

/** The view with all that it refers to. NOT_FOUND with the nearest name; UNSUPPORTED for one of another program that cannot be used; INVALID_DEFINITION when it names an entity that is not there. */
export function snapshotView(repository: FeatureRepository, viewName: string): FeatureViewSnapshot {
  const view = repository.featureViews.find((candidate) => candidate.name === viewName);
  if (view === undefined) throw missingViewError(repository, viewName);
  const joinKeys = view.entities.map((name) => {
    const entity = repository.entities.find((candidate) => candidate.name === name);
    if (entity !== undefined) return { name: entity.joinKey, type: entity.valueType };
    const there = repository.entities.map((candidate) => candidate.name);
    throw new PipelineError('INVALID_DEFINITION', `Feature view "${viewName}" names entity "${name}", which is not defined. ${suggestion(name, there)}`);
  });
  const { name, features, ttlSeconds, source, online = true, asKnown = false } = view;
  return { name, joinKeys, features, ttlSeconds, source, online, asKnown };
}

/**
 * The features of one read: views in the order in which they are first named, columns in the order asked for. A column is called like its feature, and
 * `view__feature` where two selected features share a name; a view that the service takes under an alias goes by it. The stored features that an on-demand one is computed from are
 * read with it. Throws NOT_FOUND (an unknown service) or INVALID_INPUT with every problem.
 */
export function selectFeatures(repository: FeatureRepository, request: FeatureRequest): FeatureSelection {
  const problems: Problem[] = [];
  const { references, taken } = 'featureService' in request ? serviceWish(repository, request.featureService, problems) : { references: parseReferences(request.features, problems), taken: new Map<string, TakenView>() };
  const known = references.filter((reference) => checkReference(repository, reference, taken, problems));
  if (references.length === 0 && problems.length === 0) problems.push({ path: 'features', message: 'No feature is asked for.', cure: 'Name at least one as view:feature.' });
  const columns = nameColumns(known);
  problems.push(...repeated(known), ...collisions(columns));
  refuseProblems('INVALID_INPUT', 'These features cannot be read.', problems);
  return selectColumns(repository, columns, (name) => takeView(repository, taken.get(name) ?? { view: name }));
}

function takeView(repository: FeatureRepository, { view, alias, joinKeyMap }: TakenView): FeatureViewSnapshot {
  return { ...snapshotView(repository, view), ...(alias === undefined ? {} : { alias }), ...(joinKeyMap === undefined ? {} : { joinKeyMap }) };
}

function serviceWish(repository: FeatureRepository, name: string, problems: Problem[]): Wish {
  const service = repository.featureServices.find((candidate) => candidate.name === name);
  if (service === undefined) throw new PipelineError('NOT_FOUND', `There is no feature service "${name}". ${suggestion(name, repository.featureServices.map((candidate) => candidate.name))}`);
  return { references: expandService(repository, service, problems), taken: takenViews(repository, service, problems) };
}

/** A part without a list takes all features of its view. */
function expandService(repository: FeatureRepository, service: FeatureService, problems: Problem[]): Reference[] {
  return service.features.flatMap((part) => {
    const all = (repository.featureViews.find((view) => view.name === part.view) ?? onDemandView(repository, part.view))?.features.map((feature) => feature.name);
    if (all === undefined) problems.push({ path: `feature service ${service.name}`, ...missingView(repository, part.view) });
    return (all === undefined ? [] : (part.features ?? all)).map((feature) => ({ view: part.alias ?? part.view, feature }));
  });
}

/** By what names the service takes its views. One name stands for one view with one mapping of its keys. */
function takenViews({ featureViews, entities }: FeatureRepository, service: FeatureService, problems: Problem[]): ReadonlyMap<string, TakenView> {
  const taken = new Map<string, TakenView>();
  for (const { view, alias, joinKeyMap } of service.features) {
    const name = alias ?? view;
    const path = `feature service ${service.name}, ${name}`;
    const earlier = taken.get(name);
    if (earlier !== undefined && (earlier.view !== view || !sameMap(earlier.joinKeyMap, joinKeyMap))) {
      problems.push({ path, message: 'The service takes two different things under this name.', cure: 'Give one of them an alias of its own.' });
    }
    const keys = featureViews.find((candidate) => candidate.name === view)?.entities.map((entity) => entities.find((candidate) => candidate.name === entity)?.joinKey ?? entity);
    for (const key of Object.keys(joinKeyMap ?? {})) {
      if (keys !== undefined && !keys.includes(key)) problems.push({ path, message: `joinKeyMap names "${key}", which is no join key of the view.`, cure: suggestion(key, keys) });
    }
    taken.set(name, { view, ...(alias === undefined ? {} : { alias }), ...(joinKeyMap === undefined ? {} : { joinKeyMap }) });
  }
  return taken;
}

function sameMap(a: FeatureProjection['joinKeyMap'] = {}, b: FeatureProjection['joinKeyMap'] = {}): boolean {
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].every((key) => (a[key] ?? key) === (b[key] ?? key));
}

function parseReferences(texts: readonly string[], problems: Problem[]): Reference[] {
  return texts.flatMap((text) => {
    const [view, feature, ...rest] = text.split(':');
    if (view && feature && rest.length === 0) return [{ view, feature }];
    problems.push({ path: `features ${JSON.stringify(text)}`, message: 'This is not a feature reference.', cure: 'Write view:feature.' });
    return [];
  });
}

function checkReference(repository: FeatureRepository, { view: name, feature }: Reference, taken: Wish['taken'], problems: Problem[]): boolean {
  const path = `features ${name}:${feature}`;
  const viewName = taken.get(name)?.view ?? name;
  const view = repository.featureViews.find((candidate) => candidate.name === viewName) ?? onDemandView(repository, viewName);
  const candidates = (view?.features ?? repository.featureViews).map((candidate) => candidate.name);
  if (view === undefined) {
    problems.push({ path, ...missingView(repository, viewName) });
  } else if (!candidates.includes(feature)) {
    problems.push({ path, message: `${'module' in view ? 'On-demand feature view' : 'Feature view'} "${viewName}" has no feature "${feature}".`, cure: suggestion(feature, candidates) });
  } else {
    return true;
  }
  return false;
}

function nameColumns(references: readonly Reference[]): SelectedFeature[] {
  const views = new Map<string, Set<string>>();
  for (const { view, feature } of references) views.set(feature, (views.get(feature) ?? new Set()).add(view));
  return references.map(({ view, feature }) => ({ view, feature, column: (views.get(feature)?.size ?? 0) > 1 ? `${view}__${feature}` : feature }));
}

function repeated(references: readonly Reference[]): Problem[] {
  const texts = references.map(({ view, feature }) => `${view}:${feature}`);
  const again = new Set(texts.filter((text, index) => texts.indexOf(text) < index));
  return [...again].map((text) => ({ path: `features ${text}`, message: 'It is asked for more than once.', cure: 'Keep one of them.' }));
}

/** Definitions of other tools may hold a feature that is itself called `view__feature`. */
function collisions(columns: readonly SelectedFeature[]): Problem[] {
  return columns.flatMap((selected, index) => {
    const other = columns.slice(0, index).find((earlier) => earlier.column === selected.column && (earlier.view !== selected.view || earlier.feature !== selected.feature));
    if (other === undefined) return [];
    return [{ path: `features ${selected.view}:${selected.feature}`, message: `Its column "${selected.column}" is also that of ${other.view}:${other.feature}.`, cure: 'Rename one of the features.' }];
  });
}
