import type { Problem } from '../errors.ts';
import { suggestion } from '../nearest.ts';
import type { FeatureView, Field, TableSource } from './definitions.ts';
import { columnProblems, duplicateProblems, isTableName, nameProblems, reservedProblems, tagProblems } from './validate-names.ts';
import { isValueType, PRIMITIVE_TYPES } from './value-types.ts';

/** The greatest span that google.protobuf.Duration can hold. */
const MAX_TTL_SECONDS = 315_576_000_000;

/** What is wrong with a feature view by itself; `joinKeys` are those of its entities. */
export function featureViewProblems(view: FeatureView, joinKeys: readonly string[]): Problem[] {
  const path = `feature view ${view.name}`;
  const repeated = duplicateProblems(`${path}.entities`, view.entities);
  return [
    ...nameProblems(`${path}.name`, view.name),
    ...(repeated.length > 0 ? repeated : duplicateProblems(`${path}.entities`, joinKeys, 'join key ')),
    ...(view.features.length > 0 ? [] : [{ path: `${path}.features`, message: 'There is no feature.', cure: 'Declare at least one.' }]),
    ...view.features.flatMap((feature) => fieldProblems(path, feature, joinKeys)),
    ...duplicateProblems(`${path}.features`, view.features.map((feature) => feature.name)),
    ...ttlProblems(`${path}.ttlSeconds`, view.ttlSeconds),
    ...sourceProblems(path, view, joinKeys),
    ...(view.pushSource === undefined ? [] : [...nameProblems(`${path}.pushSource.name`, view.pushSource.name), ...tagProblems(`${path}.pushSource`, view.pushSource)]),
    ...tagProblems(path, view),
  ];
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
  if (!isTableName(source.table)) {
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
  return [...problems, ...deletedProblems(`${path}.deletedColumn`, view, joinKeys), ...latenessProblems(`${path}.latenessSeconds`, source), ...mappingProblems(`${path}.fieldMapping`, source, [...joinKeys, ...view.features.map((feature) => feature.name)])];
}

function deletedProblems(path: string, { source, features }: FeatureView, joinKeys: readonly string[]): Problem[] {
  const column = source.deletedColumn;
  if (column === undefined) return [];
  const meant = source.fieldMapping?.[column] ?? column;
  const used = [...joinKeys, ...features.map((feature) => feature.name)].includes(meant) || column === source.timestampField || column === source.createdTimestampColumn;
  const problems = columnProblems(path, column);
  return used ? [...problems, { path, message: `"${column}" has a meaning in the view already.`, cure: 'Name a column that only tells whether the row deletes its entity.' }] : problems;
}

/** Only event times bound what is read again where nobody noted when a row came. */
function latenessProblems(path: string, { latenessSeconds: lateness, createdTimestampColumn }: TableSource): Problem[] {
  if (lateness === undefined) return [];
  if (createdTimestampColumn !== undefined) return [{ path, message: 'The source has a createdTimestampColumn, which tells when each row came.', cure: 'Leave latenessSeconds out.' }];
  if (Number.isInteger(lateness) && lateness >= 0 && lateness <= MAX_TTL_SECONDS) return [];
  return [{ path, message: `${JSON.stringify(lateness)} is not a lateness.`, cure: 'Give whole seconds, at least 0.' }];
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
