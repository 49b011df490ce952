import type { Problem } from '../errors.ts';
import { suggestion } from '../nearest.ts';
import type { Entity, FeatureRepository, FeatureService, FeatureView } from './definitions.ts';
import { choiceProblems, columnProblems, duplicateProblems, nameProblems, reservedProblems, tagProblems } from './validate-names.ts';
import { onDemandRepositoryProblems } from './validate-on-demand.ts';
import { joinKeyMapProblems, pushSourceProblems, sharedSourceProblems } from './validate-shared.ts';
import { featureViewProblems } from './validate-view.ts';
import { JOIN_KEY_TYPES } from './value-types.ts';

/** What is wrong with an entity by itself. */
export function entityProblems(entity: Entity): Problem[] {
  const path = `entity ${entity.name}`;
  return [
    ...nameProblems(`${path}.name`, entity.name),
    ...columnProblems(`${path}.joinKey`, entity.joinKey),
    ...reservedProblems(`${path}.joinKey`, entity.joinKey),
    ...choiceProblems(`${path}.valueType`, entity.valueType, JOIN_KEY_TYPES),
    ...tagProblems(path, entity),
  ];
}

/** What is wrong with a feature service, given the views it may take features from. */
export function featureServiceProblems(service: FeatureService, views: readonly Pick<FeatureView, 'name' | 'features'>[]): Problem[] {
  const path = `feature service ${service.name}`;
  const names = views.map((view) => view.name);
  const problems = [
    ...nameProblems(`${path}.name`, service.name),
    ...(service.features.length > 0 ? [] : [{ path: `${path}.features`, message: 'It takes no feature.', cure: 'Name at least one view.' }]),
    ...duplicateProblems(`${path}.features`, service.features.map((part) => part.alias ?? part.view), 'feature view ').map(sayAlias),
    ...tagProblems(path, service),
  ];
  for (const part of service.features) {
    const view = views.find((candidate) => candidate.name === part.view);
    if (view === undefined) {
      problems.push({ path: `${path}.features`, message: `There is no feature view "${part.view}".`, cure: suggestion(part.view, names) });
      continue;
    }
    const there = view.features.map((feature) => feature.name);
    const at = `${path}.features.${part.alias ?? part.view}`;
    if (part.alias !== undefined) problems.push(...aliasProblems(`${at}.alias`, part.alias, part.view, names));
    if (part.features?.length === 0) problems.push({ path: at, message: 'The list of features is empty.', cure: 'Leave `features` out to take all of the view.' });
    problems.push(...duplicateProblems(at, part.features ?? []));
    for (const name of part.features ?? []) {
      if (!there.includes(name)) problems.push({ path: at, message: `The view has no feature "${name}".`, cure: suggestion(name, there) });
    }
  }
  return problems;
}

/** A view may be taken twice, under two names. */
function sayAlias(problem: Problem): Problem {
  return { ...problem, cure: 'Keep one of them, or give one an `alias`.' };
}

/** Features are referred to by the alias as they are by a view's name, and their columns are named apart by it. */
function aliasProblems(path: string, alias: string, view: string, names: readonly string[]): Problem[] {
  const taken = names.find((name) => name !== view && name.toLowerCase() === String(alias).toLowerCase());
  if (taken === undefined) return nameProblems(path, alias);
  return [{ path, message: `There is a feature view "${taken}": "${alias}:feature" would mean two things.`, cure: 'Choose another alias.' }];
}

/** Everything that is wrong with a repository: each definition, and what one says about another. */
export function repositoryProblems(repository: FeatureRepository): Problem[] {
  const { entities, featureViews, featureServices, onDemandFeatureViews = [] } = repository;
  const views = [...featureViews, ...onDemandFeatureViews];
  const byName = new Map(entities.map((entity) => [entity.name, entity]));
  return [
    ...entities.flatMap(entityProblems),
    ...duplicateProblems('entities', entities.map((entity) => entity.name)),
    ...joinKeyTypeProblems(entities),
    ...featureViews.flatMap((view) => featureViewProblems(view, view.entities.flatMap((name) => byName.get(name)?.joinKey ?? []))),
    ...featureViews.flatMap((view) => unknownEntityProblems(view, [...byName.keys()])),
    ...duplicateProblems('featureViews', views.map((view) => view.name), '', (name) => name.toLowerCase()),
    ...onDemandRepositoryProblems(repository),
    ...sharedSourceProblems(featureViews),
    ...pushSourceProblems(featureViews),
    ...featureServices.flatMap((service) => featureServiceProblems(service, views)),
    ...featureServices.flatMap((service) => joinKeyMapProblems(service, repository)),
    ...duplicateProblems('featureServices', featureServices.map((service) => service.name)),
  ];
}

function unknownEntityProblems(view: FeatureView, entities: readonly string[]): Problem[] {
  return view.entities
    .filter((name) => !entities.includes(name))
    .map((name) => ({ path: `feature view ${view.name}.entities`, message: `There is no entity "${name}" in the repository.`, cure: suggestion(name, entities) }));
}

function joinKeyTypeProblems(entities: readonly Entity[]): Problem[] {
  return entities.flatMap((entity, index) => {
    const other = entities.slice(0, index).find((earlier) => earlier.joinKey === entity.joinKey && earlier.valueType !== entity.valueType);
    if (other === undefined) return [];
    return [{ path: `entity ${entity.name}.valueType`, message: `Join key "${entity.joinKey}" is ${entity.valueType} here and ${other.valueType} in entity "${other.name}".`, cure: 'One column has one type.' }];
  });
}
