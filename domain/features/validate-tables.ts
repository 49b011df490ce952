import type { ColumnType, ScalarColumnType } from '../data/columns.ts';
import type { Problem } from '../errors.ts';
import { suggestion } from '../nearest.ts';
import type { FeatureRepository } from './definitions.ts';
import { snapshotView } from './resolve.ts';
import type { FeatureViewSnapshot } from './snapshot.ts';
import { elementType, type PrimitiveType, type ValueType } from './value-types.ts';

/** A column as a warehouse describes it: `type` is the type of ours that holds just the same, undefined when there is none (of timestamps in a list: whole seconds). */
export interface DescribedColumn {
  readonly name: string;
  readonly nativeType: string;
  readonly type: ColumnType | undefined;
}

/** The columns of the tables that exist, by `schema.table`. */
export type DescribedTables = ReadonlyMap<string, readonly DescribedColumn[]>;

/**
 * What the warehouse may hold for a declared type: conversions that lose nothing but what the declaration asks for (Float32 rounds, UnixTimestamp drops the
 * fraction of a second). A number never becomes text, nor text a number. A list follows its elements.
 */
const CONVERTIBLE: Readonly<Record<PrimitiveType, readonly ScalarColumnType[]>> = {
  Bool: ['Bool'],
  Int32: ['Int32', 'Int64'],
  Int64: ['Int32', 'Int64'],
  Float32: ['Float32', 'Float64', 'Int32', 'Int64', 'Decimal'],
  Float64: ['Float32', 'Float64', 'Int32', 'Int64', 'Decimal'],
  String: ['String', 'Uuid'],
  Bytes: ['Bytes'],
  UnixTimestamp: ['Timestamp', 'UnixTimestamp', 'Int32', 'Int64'],
  Decimal: ['Decimal', 'Int32', 'Int64'],
  Uuid: ['Uuid'],
  Json: ['Json'],
};

/** Whether a column of that type can be read as the declared one without losing anything but what the declaration asks for. */
export function fitsType(declared: ValueType, type: ColumnType): boolean {
  return accepted(declared).includes(type);
}

/** The tables that the feature views read, each once, in definition order. */
export function sourceTables(repository: FeatureRepository): readonly string[] {
  return [...new Set(repository.featureViews.map((view) => view.source.table))];
}

/** Every way in which the definitions do not fit the tables behind them: a table or column that is not there, a type that cannot be converted. */
export function tableProblems(repository: FeatureRepository, tables: DescribedTables): Problem[] {
  return repository.featureViews.flatMap((view) => viewTableProblems(snapshotView(repository, view.name), tables));
}

function viewTableProblems(view: FeatureViewSnapshot, tables: DescribedTables): Problem[] {
  const { table, timestampField, createdTimestampColumn, deletedColumn, fieldMapping = {} } = view.source;
  const path = `feature view ${view.name}`;
  const columns = tables.get(table);
  if (columns === undefined) {
    return [{ path: `${path}.source.table`, message: `There is no table ${table}.`, cure: suggestion(table, [...tables.keys()]) }];
  }
  const sourceColumn = (name: string): string => Object.entries(fieldMapping).find(([, target]) => target === name)?.[0] ?? name;
  const find = (at: string, name: string, accepts: readonly ColumnType[], wanted: string): Problem[] => columnProblems(`${path}.${at}`, name, { table, columns, accepts, wanted });
  return [
    ...find('source.timestampField', timestampField, ['Timestamp'], 'a timestamp'),
    ...(createdTimestampColumn === undefined ? [] : find('source.createdTimestampColumn', createdTimestampColumn, ['Timestamp'], 'a timestamp')),
    ...(deletedColumn === undefined ? [] : find('source.deletedColumn', deletedColumn, ['Bool'], 'true or false')),
    ...view.joinKeys.flatMap((key) => find(`entities (join key ${key.name})`, sourceColumn(key.name), accepted(key.type), key.type)),
    ...view.features.flatMap((feature) => find(`features.${feature.name}`, sourceColumn(feature.name), accepted(feature.type), feature.type)),
  ];
}

interface Expectation {
  readonly table: string;
  readonly columns: readonly DescribedColumn[];
  readonly accepts: readonly ColumnType[];
  readonly wanted: string;
}

function columnProblems(path: string, name: string, { table, columns, accepts, wanted }: Expectation): Problem[] {
  const column = columns.find((candidate) => candidate.name === name);
  if (column === undefined) {
    return [{ path, message: `Table ${table} has no column "${name}".`, cure: suggestion(name, columns.map((candidate) => candidate.name)) }];
  }
  if (column.type !== undefined && accepts.includes(column.type)) return [];
  return [{ path, message: `Column "${name}" of ${table} is ${column.nativeType}, which cannot be read as ${wanted}.`, cure: cureOf(column, accepts) }];
}

function cureOf(column: DescribedColumn, accepts: readonly ColumnType[]): string {
  const convert = 'convert the column in the SQL that builds the table.';
  const needsTimestamp = accepts.length === 1 && accepts[0] === 'Timestamp';
  if (column.type === undefined || column.type === 'Timestamp' || needsTimestamp) return `C${convert.slice(1)}`;
  return `Declare it as ${column.type}, or ${convert}`;
}

function accepted(type: ValueType): readonly ColumnType[] {
  const element = elementType(type);
  if (element === undefined) return CONVERTIBLE[type as PrimitiveType];
  return CONVERTIBLE[element].flatMap((from) => (from === 'Timestamp' ? [] : [`Array(${from})` as const]));
}
