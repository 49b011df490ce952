import type { ColumnType } from '../data/columns.ts';
import type { Problem } from '../errors.ts';
import { suggestion } from '../nearest.ts';
import type { FeatureViewSnapshot } from './snapshot.ts';

/** A column of a table, as a warehouse describes it. */
export interface TableColumn {
  readonly name: string;
  readonly nativeType: string;
}

/** A feature view bound to its table: what SQL needs to know. `Column`: a bound column, as a warehouse's SQL needs it. */
export interface BoundSource<Column> {
  readonly view: FeatureViewSnapshot;
  readonly joinKeys: readonly Column[];
  readonly features: readonly Column[];
  readonly eventTimestamp: Column;
  readonly createdTimestamp: Column | undefined;
  /** Says which rows are tombstones; the features of such a row are missing, whatever it holds. */
  readonly deleted: Column | undefined;
}

/** How a warehouse takes columns. */
export interface ColumnRules<Native extends TableColumn, Column> {
  /** The column as the type that is declared under that name; undefined when it does not become that without loss. */
  take(name: string, type: ColumnType, native: Native): Column | undefined;
  /** The feature, missing in a tombstone. */
  unlessDeleted(feature: Column, deleted: Column): Column;
}

export interface ViewBinding<Column> {
  readonly source?: BoundSource<Column>;
  readonly problems: readonly Problem[];
}

/** Binds the view to the columns of its source, or says everything that does not fit. */
export function bindView<Native extends TableColumn, Column>(view: FeatureViewSnapshot, columns: readonly Native[], rules: ColumnRules<Native, Column>): ViewBinding<Column> {
  const problems: Problem[] = [];
  const { table, fieldMapping = {}, timestampField, createdTimestampColumn, deletedColumn } = view.source;
  const mapped = new Map(Object.entries(fieldMapping).map(([column, name]) => [name, column]));
  const bind = (name: string, type: ColumnType, path: string, columnName = name): Column | undefined => {
    const outcome = take(name, columnName, type);
    if ('taken' in outcome) return outcome.taken;
    problems.push({ path: `feature view ${view.name}, ${path}`, ...outcome });
    return undefined;
  };
  const take = (name: string, columnName: string, type: ColumnType): { readonly taken: Column } | Omit<Problem, 'path'> => {
    const native = columns.find((candidate) => candidate.name === columnName);
    if (native === undefined) return { message: `table ${table} has no column "${columnName}".`, cure: suggestion(columnName, columns.map((c) => c.name)) };
    const taken = rules.take(name, type, native);
    if (taken !== undefined) return { taken };
    return { message: `column "${columnName}" of ${table} is ${native.nativeType}, which does not become ${type} without loss.`, cure: 'Declare the type that the column has, or cast it in the table.' };
  };
  const joinKeys = view.joinKeys.map(({ name, type }) => bind(name, type, `join key ${name}`, mapped.get(name)));
  const features = view.features.map(({ name, type }) => bind(name, type, `feature ${name}`, mapped.get(name)));
  const eventTimestamp = bind(timestampField, 'Timestamp', 'timestampField');
  const createdTimestamp = createdTimestampColumn === undefined ? undefined : bind(createdTimestampColumn, 'Timestamp', 'createdTimestampColumn');
  const deleted = deletedColumn === undefined ? undefined : bind(deletedColumn, 'Bool', 'deletedColumn');
  if (view.asKnown && createdTimestampColumn === undefined) problems.push({ path: `feature view ${view.name}`, message: 'it is read as known, but its source has no created timestamp column.', cure: 'Name the column, or leave out asKnown.' });
  if (problems.length > 0 || eventTimestamp === undefined) return { problems };
  const alive = (features as Column[]).map((feature) => (deleted === undefined ? feature : rules.unlessDeleted(feature, deleted)));
  return { problems, source: { view, joinKeys: joinKeys as Column[], features: alive, eventTimestamp, createdTimestamp, deleted } };
}
