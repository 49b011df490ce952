import type { Problem } from '../errors.ts';
import { suggestion } from '../nearest.ts';
import type { FeatureRepository, FeatureView, OnDemandFeatureView } from './definitions.ts';
import { AS_OF_INPUT } from './on-demand.ts';
import { choiceProblems, columnProblems, duplicateProblems, nameProblems, reservedProblems, tagProblems } from './validate-names.ts';
import { isValueType, PRIMITIVE_TYPES } from './value-types.ts';

const MODULE = /^transforms\/(?:[A-Za-z0-9_-]+\/)*[A-Za-z0-9_-]+\.ts$/;

/** What is wrong with an on-demand feature view, given the stored ones that it may take features from. */
export function onDemandProblems(view: OnDemandFeatureView, stored: readonly Pick<FeatureView, 'name' | 'features'>[]): Problem[] {
  const path = `on-demand feature view ${view.name}`;
  const problems = [
    ...nameProblems(`${path}.name`, view.name),
    ...fieldProblems(`${path}.features`, view.features),
    ...view.features.flatMap(({ name }) => reservedProblems(`${path}.features`, name)),
    ...fieldProblems(`${path}.request`, view.request),
    ...view.request.flatMap((field) => spineTypeProblems(path, field)),
    ...(view.features.length > 0 ? [] : [{ path: `${path}.features`, message: 'It computes no feature.', cure: 'Declare what the function gives.' }]),
    ...(MODULE.test(view.module) ? [] : [{ path: `${path}.module`, message: `${JSON.stringify(view.module)} is not the path of a transform.`, cure: 'Write transforms/<name>.ts, as it lies in the feature repository.' }]),
    ...duplicateProblems(`${path}.inputs`, view.inputs.map((input) => input.view), 'feature view '),
    ...view.inputs.flatMap((input) => inputProblems(`${path}.inputs.${input.view}`, input, stored)),
    ...tagProblems(path, view),
  ];
  return problems.length > 0 ? problems : argumentProblems(path, view, stored);
}

/** What on-demand feature views say of each other and of services: one request column has one type, and a view that is computed has no keys of its own. */
export function onDemandRepositoryProblems({ featureViews, featureServices, onDemandFeatureViews = [] }: FeatureRepository): Problem[] {
  const names = onDemandFeatureViews.map(({ name }) => name);
  const keyed = featureServices.flatMap((service) => service.features
    .filter(({ view, alias, joinKeyMap }) => names.includes(view) && (alias !== undefined || joinKeyMap !== undefined))
    .map(({ view }) => ({ path: `feature service ${service.name}.features.${view}`, message: 'An on-demand feature view is computed once per row: it takes no alias and no joinKeyMap.', cure: 'Leave them out.' })));
  return [...onDemandFeatureViews.flatMap((view) => onDemandProblems(view, featureViews)), ...requestTypeProblems(onDemandFeatureViews), ...keyed];
}

/** What spines do not hold: their NUMERIC columns are read as Float64, their uuids as text. */
function spineTypeProblems(path: string, { name, type }: OnDemandFeatureView['request'][number]): Problem[] {
  const instead = type.includes('Decimal') ? 'Float64' : type.includes('Uuid') ? 'String' : undefined;
  return instead === undefined ? [] : [{ path: `${path}.request.${name}`, message: `It is ${type}, which no column of a spine is.`, cure: `Declare it as ${type.replace(/Decimal|Uuid/, instead)}.` }];
}

function requestTypeProblems(views: readonly OnDemandFeatureView[]): Problem[] {
  const types = new Map<string, { readonly view: string; readonly type: string }>();
  return views.flatMap((view) => view.request.flatMap(({ name, type }) => {
    const earlier = types.get(name);
    if (earlier === undefined) types.set(name, { view: view.name, type });
    if (earlier === undefined || earlier.type === type) return [];
    return [{ path: `on-demand feature view ${view.name}.request.${name}`, message: `It is ${type} here and ${earlier.type} in on-demand feature view "${earlier.view}".`, cure: 'One column has one type.' }];
  }));
}

function fieldProblems(path: string, fields: OnDemandFeatureView['features']): Problem[] {
  return [
    ...fields.flatMap((field) => [
      ...nameProblems(path, field.name),
      ...(isValueType(field.type) ? [] : choiceProblems(`${path}.${field.name}.type`, field.type, PRIMITIVE_TYPES)),
      ...tagProblems(`${path}.${field.name}`, field),
    ]),
    ...duplicateProblems(path, fields.map(({ name }) => name)),
  ];
}

function inputProblems(path: string, { view: viewName, features }: OnDemandFeatureView['inputs'][number], stored: readonly Pick<FeatureView, 'name' | 'features'>[]): Problem[] {
  const view = stored.find((candidate) => candidate.name === viewName);
  if (view === undefined) return [{ path, message: `There is no feature view "${viewName}" whose values are stored.`, cure: suggestion(viewName, stored.map(({ name }) => name)) }];
  const there = view.features.map(({ name }) => name);
  return [
    ...(features?.length === 0 ? [{ path, message: 'The list of features is empty.', cure: 'Leave `features` out to take all of the view.' }] : []),
    ...duplicateProblems(path, features ?? []),
    ...(features ?? []).filter((name) => !there.includes(name)).map((name) => ({ path, message: `The view has no feature "${name}".`, cure: suggestion(name, there) })),
  ];
}

/** The function gets one object: each name in it stands for one value. */
function argumentProblems(path: string, { inputs, request, asOf }: OnDemandFeatureView, stored: readonly Pick<FeatureView, 'name' | 'features'>[]): Problem[] {
  const features = inputs.flatMap(({ view, features: names }) => names ?? stored.find(({ name }) => name === view)?.features.map(({ name }) => name) ?? []);
  const names = [...features, ...request.map(({ name }) => name)];
  return [
    ...request.flatMap(({ name }) => columnProblems(`${path}.request`, name)),
    ...duplicateProblems(`${path}.inputs`, names, 'what the function gets as ').map((problem) => ({ ...problem, cure: 'Name the features that it takes (`features`), so that each name stands for one value.' })),
    ...(asOf === true && names.includes(AS_OF_INPUT) ? [{ path: `${path}.asOf`, message: `"${AS_OF_INPUT}" is also a feature or request column that the function gets.`, cure: 'Leave one of them out.' }] : []),
  ];
}
