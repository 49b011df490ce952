import type { ColumnType } from '../../domain/data/columns.ts';
import type { Problem } from '../../domain/errors.ts';
import type { FeatureViewSnapshot } from '../../domain/features/snapshot.ts';
import { suggestion } from '../../domain/nearest.ts';
import { conversion, isInstant, wireType } from './column-types.ts';
import type { NativeColumn, NativeFamily, WireType } from './column-types.ts';
import { quoteIdentifier } from './pool.ts';
import type { RowsApart } from './source-index.ts';
import { comparable, orderTerm } from './sql.ts';

/** A column of the view as it stands in the source. */
export interface SourceColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly wire: WireType;
  readonly family: NativeFamily;
  readonly columnName: string;
  /** The source's own column, quoted, with the alias `f`: for comparing. */
  readonly raw: string;
  /** The same, missing in a tombstone: for ordering. */
  readonly order: string;
  /** The value as declared, missing in a tombstone. */
  readonly value: string;
}

/** A feature view bound to its table: what SQL needs to know. */
export interface ViewSource {
  readonly view: FeatureViewSnapshot;
  readonly joinKeys: readonly SourceColumn[];
  readonly features: readonly SourceColumn[];
  readonly eventTimestamp: SourceColumn;
  readonly createdTimestamp: SourceColumn | undefined;
  /** Says which rows are tombstones; the features of such a row are missing, whatever it holds. */
  readonly deleted: SourceColumn | undefined;
}

/** Binds the view to the columns of its source, or says everything that does not fit. */
export function bindView(view: FeatureViewSnapshot, columns: readonly NativeColumn[]): { readonly source?: ViewSource; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const mapped = new Map(Object.entries(view.source.fieldMapping ?? {}).map(([column, name]) => [name, column]));
  const bind = (name: string, type: ColumnType, path: string): SourceColumn | undefined => {
    const columnName = type === 'Timestamp' ? name : (mapped.get(name) ?? name);
    const outcome = bindColumn(name, columnName, type, columns, view.source.table);
    if ('column' in outcome) return outcome.column;
    problems.push({ path: `feature view ${view.name}, ${path}`, ...outcome });
    return undefined;
  };
  const joinKeys = view.joinKeys.map((key) => bind(key.name, key.type, `join key ${key.name}`));
  const features = view.features.map((field) => bind(field.name, field.type, `feature ${field.name}`));
  const eventTimestamp = bind(view.source.timestampField, 'Timestamp', 'timestampField');
  const created = view.source.createdTimestampColumn;
  const createdTimestamp = created === undefined ? undefined : bind(created, 'Timestamp', 'createdTimestampColumn');
  const deleted = bindDeleted(view, columns, problems);
  if (view.asKnown && created === undefined) problems.push({ path: `feature view ${view.name}`, message: 'it is read as known, but its source has no created timestamp column.', cure: 'Name the column, or leave out asKnown.' });
  if (problems.length > 0 || eventTimestamp === undefined) return { problems };
  const alive = (features as SourceColumn[]).map((feature) => unlessDeleted(feature, deleted));
  return { problems, source: { view, joinKeys: joinKeys as SourceColumn[], features: alive, eventTimestamp, createdTimestamp, deleted } };
}

function bindDeleted({ name, source }: FeatureViewSnapshot, columns: readonly NativeColumn[], problems: Problem[]): SourceColumn | undefined {
  if (source.deletedColumn === undefined) return undefined;
  const outcome = bindColumn(source.deletedColumn, source.deletedColumn, 'Bool', columns, source.table);
  if ('column' in outcome) return outcome.column;
  problems.push({ path: `feature view ${name}, deletedColumn`, ...outcome });
  return undefined;
}

function unlessDeleted(feature: SourceColumn, deleted: SourceColumn | undefined): SourceColumn {
  if (deleted === undefined) return feature;
  const masked = (sql: string): string => `(CASE WHEN ${deleted.raw} IS NOT TRUE THEN ${sql} END)`;
  return { ...feature, order: masked(feature.order), value: masked(feature.value) };
}

function bindColumn(name: string, columnName: string, type: ColumnType, columns: readonly NativeColumn[], table: string): { readonly column: SourceColumn } | { readonly message: string; readonly cure: string } {
  const native = columns.find((candidate) => candidate.name === columnName);
  if (native === undefined) return { message: `table ${table} has no column "${columnName}".`, cure: suggestion(columnName, columns.map((c) => c.name)) };
  const raw = `f.${quoteIdentifier(columnName)}`;
  const value = native.family === undefined ? undefined : conversion(native.family, type, raw);
  if (native.family === undefined || value === undefined || (type === 'Timestamp' && !isInstant(native.family))) {
    return { message: `column "${columnName}" of ${table} is ${native.nativeType}, which does not become ${type} without loss.`, cure: 'Declare the type that the column has, or cast it in the table.' };
  }
  return { column: { name, columnName, type, wire: wireType(native.family, type), family: native.family, raw, order: raw, value } };
}

/**
 * The order that decides between rows of one entity, best first: greatest event timestamp; greatest created timestamp, none last; then the features in definition order, ascending
 * (false before true, text by code point, NaN after all numbers), missing ones last. Rows that still tie have equal features, but for the sign of a zero.
 * `apart`: by what the rows of an entity differ for certain, which then decides alone, so that an index can give the rows in this order.
 */
export function newestFirst(source: ViewSource, apart?: RowsApart): string {
  const { eventTimestamp, createdTimestamp, features } = source;
  if (apart === 'event') return `${eventTimestamp.raw} DESC`;
  if (apart === 'event and created') return `${eventTimestamp.raw} DESC, ${createdTimestamp!.raw} DESC`;
  return [
    `${eventTimestamp.raw} DESC`,
    ...(createdTimestamp === undefined ? [] : [`${createdTimestamp.raw} DESC NULLS LAST`]),
    ...features.map(({ family, order, type }) => orderTerm(family, order, type)),
  ].join(', ');
}

/**
 * The same order the other way round, so that of rows of one entity, read one after the other, the last one counts. The entity stands before the features: comparing them is slow, and only those
 * of one entity need to be. `apart`: by what the rows of an entity differ for certain, which then decides alone.
 */
export function newestLast({ joinKeys, eventTimestamp, createdTimestamp, features }: ViewSource, apart: RowsApart): string {
  if (apart === 'event') return eventTimestamp.raw;
  if (apart === 'event and created') return `${eventTimestamp.raw}, ${createdTimestamp!.raw}`;
  return [
    eventTimestamp.raw,
    ...(createdTimestamp === undefined ? [] : [`${createdTimestamp.raw} NULLS FIRST`]),
    ...joinKeys.map(({ family, raw, value }) => (isInstant(family) ? value : comparable(family, raw))),
    ...features.map(({ family, order, type }) => `${comparable(family, order, type)} DESC NULLS FIRST`),
  ].join(', ');
}

/** An SQL instant (timestamptz) in the type of a source's timestamp column, so that the column stays bare and its index can be used. */
export function instantFor(column: SourceColumn, sql: string): string {
  return column.family === 'timestamptz' ? sql : `(${sql} AT TIME ZONE 'UTC')`;
}
