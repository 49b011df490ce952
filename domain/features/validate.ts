import type { Problem } from '../errors.ts';
import { suggestion } from '../nearest.ts';
import type { Described, Entity, FeatureRepository, FeatureService, FeatureView, Field, TableSource } from './definitions.ts';
import { isValueType, JOIN_KEY_TYPES, PRIMITIVE_TYPES } from './value-types.ts';

/** Tags with this prefix carry what Feast's registry has no field for; definitions may not use it. */
export const RESERVED_TAG_PREFIX = 'ml_pipeline.';

/** Columns that reads of a view add beside its features. */
const RESERVED_COLUMNS: readonly string[] = ['event_timestamp', 'created_timestamp', 'row_number'];
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** The longest name that Feast's registry tables can hold is 255; PostgreSQL's columns end at 63 bytes. */
const MAX_NAME = 63;
/** The greatest span that google.protobuf.Duration can hold. */
const MAX_TTL_SECONDS = 315_576_000_000;

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

/** What is wrong with a feature view by itself; `joinKeys` are those of its entities. */
export function featureViewProblems(view: FeatureView, joinKeys: readonly string[]): Problem[] {
  const path = `feature view ${view.name}`;
  return [
    ...nameProblems(`${path}.name`, view.name),
    ...duplicateProblems(`${path}.entities`, view.entities),
    ...duplicateProblems(`${path}.entities`, joinKeys, 'join key '),
    ...(view.features.length > 0 ? [] : [{ path: `${path}.features`, message: 'There is no feature.', cure: 'Declare at least one.' }]),
    ...view.features.flatMap((feature) => fieldProblems(path, feature, joinKeys)),
    ...duplicateProblems(`${path}.features`, view.features.map((feature) => feature.name)),
    ...ttlProblems(`${path}.ttlSeconds`, view.ttlSeconds),
    ...sourceProblems(path, view, joinKeys),
    ...tagProblems(path, view),
  ];
}

/** What is wrong with a feature service, given the views it may take features from. */
export function featureServiceProblems(service: FeatureService, views: readonly FeatureView[]): Problem[] {
  const path = `feature service ${service.name}`;
  const names = views.map((view) => view.name);
  const problems = [
    ...nameProblems(`${path}.name`, service.name),
    ...(service.features.length > 0 ? [] : [{ path: `${path}.features`, message: 'It takes no feature.', cure: 'Name at least one view.' }]),
    ...duplicateProblems(`${path}.features`, service.features.map((part) => part.view), 'feature view '),
    ...tagProblems(path, service),
  ];
  for (const part of service.features) {
    const view = views.find((candidate) => candidate.name === part.view);
    if (view === undefined) {
      problems.push({ path: `${path}.features`, message: `There is no feature view "${part.view}".`, cure: suggestion(part.view, names) });
      continue;
    }
    const there = view.features.map((feature) => feature.name);
    const at = `${path}.features.${part.view}`;
    if (part.features?.length === 0) problems.push({ path: at, message: 'The list of features is empty.', cure: 'Leave `features` out to take all of the view.' });
    problems.push(...duplicateProblems(at, part.features ?? []));
    for (const name of part.features ?? []) {
      if (!there.includes(name)) problems.push({ path: at, message: `The view has no feature "${name}".`, cure: suggestion(name, there) });
    }
  }
  return problems;
}

/** Everything that is wrong with a repository: each definition, and what one says about another. */
export function repositoryProblems(repository: FeatureRepository): Problem[] {
  const { entities, featureViews, featureServices } = repository;
  const byName = new Map(entities.map((entity) => [entity.name, entity]));
  return [
    ...entities.flatMap(entityProblems),
    ...duplicateProblems('entities', entities.map((entity) => entity.name)),
    ...joinKeyTypeProblems(entities),
    ...featureViews.flatMap((view) => featureViewProblems(view, view.entities.flatMap((name) => byName.get(name)?.joinKey ?? []))),
    ...featureViews.flatMap((view) => unknownEntityProblems(view, [...byName.keys()])),
    ...duplicateProblems('featureViews', featureViews.map((view) => view.name), '', (name) => name.toLowerCase()),
    ...sharedSourceProblems(featureViews),
    ...featureServices.flatMap((service) => featureServiceProblems(service, featureViews)),
    ...duplicateProblems('featureServices', featureServices.map((service) => service.name)),
  ];
}

function nameProblems(path: string, name: string): Problem[] {
  if (typeof name !== 'string' || !NAME.test(name)) {
    return [{ path, message: `${JSON.stringify(name)} is not a name.`, cure: 'Use letters, digits and "_", not starting with a digit.' }];
  }
  if (name.includes('__') || name.endsWith('_')) {
    return [{ path, message: `"${name}" has "__" in it or ends with "_": "view__feature" could not be taken apart.`, cure: `Call it "${name.replace(/_+/g, '_').replace(/_$/, '')}".` }];
  }
  if (name.length > MAX_NAME) return [{ path, message: `"${name}" has ${name.length} characters.`, cure: `Use at most ${MAX_NAME}.` }];
  return [];
}

function columnProblems(path: string, column: string): Problem[] {
  if (typeof column === 'string' && NAME.test(column) && column.length <= MAX_NAME) return [];
  return [{ path, message: `${JSON.stringify(column)} is not a column name.`, cure: `Use letters, digits and "_", at most ${MAX_NAME}, not starting with a digit.` }];
}

function reservedProblems(path: string, name: string): Problem[] {
  if (!RESERVED_COLUMNS.includes(name)) return [];
  return [{ path, message: `"${name}" is a column that every read adds.`, cure: 'Choose another name; `fieldMapping` of the source renames a column.' }];
}

function choiceProblems(path: string, value: string, choices: readonly string[]): Problem[] {
  return choices.includes(value) ? [] : [{ path, message: `${JSON.stringify(value)} is not possible here.`, cure: suggestion(String(value), choices) }];
}

function fieldProblems(path: string, field: Field, joinKeys: readonly string[]): Problem[] {
  const at = `${path}.features.${field.name}`;
  const problems = [...nameProblems(at, field.name), ...reservedProblems(at, field.name), ...tagProblems(at, field)];
  if (joinKeys.includes(field.name)) problems.push({ path: at, message: 'A join key of the view has the same name.', cure: 'A join key is no feature: leave it out.' });
  if (typeof field.type !== 'string' || !isValueType(field.type)) {
    problems.push({ path: `${at}.type`, message: `${JSON.stringify(field.type)} is not a value type.`, cure: `${suggestion(String(field.type), PRIMITIVE_TYPES)} Lists are written Array(Int64).` });
  }
  return problems;
}

function ttlProblems(path: string, ttl: number | null): Problem[] {
  if (ttl === null || (Number.isInteger(ttl) && ttl > 0 && ttl <= MAX_TTL_SECONDS)) return [];
  return [{ path, message: `${JSON.stringify(ttl)} is not a time to live.`, cure: 'Give whole seconds, at least 1, or null for values that stay valid for ever.' }];
}

function sourceProblems(viewPath: string, view: FeatureView, joinKeys: readonly string[]): Problem[] {
  const source = view.source;
  const path = `${viewPath}.source`;
  const problems = [...nameProblems(`${path}.name`, source.name), ...columnProblems(`${path}.timestampField`, source.timestampField), ...tagProblems(path, source)];
  const parts = source.table.split('.');
  if (parts.length !== 2 || !parts.every((part) => NAME.test(part))) {
    problems.push({ path: `${path}.table`, message: `${JSON.stringify(source.table)} is not a table.`, cure: 'Write schema.table, each of letters, digits and "_".' });
  }
  if (source.createdTimestampColumn !== undefined) {
    problems.push(...columnProblems(`${path}.createdTimestampColumn`, source.createdTimestampColumn));
    if (source.createdTimestampColumn === source.timestampField) {
      problems.push({ path: `${path}.createdTimestampColumn`, message: `"${source.timestampField}" is the event timestamp already.`, cure: 'Name the column that tells when the row was written, or leave it out.' });
    }
  } else if (view.asKnown === true) {
    problems.push({ path: `${viewPath}.asKnown`, message: 'The source has no createdTimestampColumn, so that nobody can say what was known when.', cure: 'Give the source one, or leave asKnown out.' });
  }
  return [...problems, ...mappingProblems(`${path}.fieldMapping`, source, [...joinKeys, ...view.features.map((feature) => feature.name)])];
}

function mappingProblems(path: string, source: TableSource, targets: readonly string[]): Problem[] {
  const mapping = Object.entries(source.fieldMapping ?? {});
  return [
    ...mapping.flatMap(([column]) => columnProblems(path, column)),
    ...duplicateProblems(path, mapping.map(([, target]) => target), 'target '),
    ...mapping.flatMap(([column, target]) =>
      targets.includes(target) ? [] : [{ path: `${path}.${column}`, message: `"${target}" is neither a feature nor a join key of the view.`, cure: suggestion(target, targets) }],
    ),
  ];
}

function tagProblems(path: string, described: Described): Problem[] {
  return Object.keys(described.tags ?? {}).flatMap((tag) =>
    tag.startsWith(RESERVED_TAG_PREFIX) ? [{ path: `${path}.tags`, message: `Tag "${tag}" begins with "${RESERVED_TAG_PREFIX}", which the pipeline keeps for itself.`, cure: 'Choose another name.' }] : [],
  );
}

function duplicateProblems(path: string, names: readonly string[], what = '', fold: (name: string) => string = (name) => name): Problem[] {
  const repeated = names.filter((name, index) => names.findIndex((other) => fold(other) === fold(name)) < index);
  return [...new Set(repeated)].map((name) => ({ path, message: `${what}"${name}" is there more than once.`, cure: 'Keep one of them.' }));
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

function sharedSourceProblems(views: readonly FeatureView[]): Problem[] {
  return views.flatMap((view, index) => {
    const other = views.slice(0, index).find((earlier) => earlier.source.name === view.source.name);
    if (other === undefined || sameSource(other.source, view.source)) return [];
    return [{ path: `feature view ${view.name}.source`, message: `Source "${view.source.name}" differs from the one of the same name in feature view "${other.name}".`, cure: 'Share one definition, or give the second another name.' }];
  });
}

function sameSource(a: TableSource, b: TableSource): boolean {
  const text = (source: TableSource): string =>
    JSON.stringify([source.table, source.timestampField, source.createdTimestampColumn, sorted(source.fieldMapping), source.description, source.owner, sorted(source.tags)]);
  return text(a) === text(b);
}

function sorted(map: Readonly<Record<string, string>> | undefined): [string, string][] {
  return Object.entries(map ?? {}).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}
