import type { ColumnType } from '../../domain/data/columns.ts';
import { bindView } from '../../domain/features/bind-view.ts';
import type { BoundSource, ColumnRules, ViewBinding } from '../../domain/features/bind-view.ts';
import type { FeatureViewSnapshot } from '../../domain/features/snapshot.ts';
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

/** A feature view bound to its table. */
export type ViewSource = BoundSource<SourceColumn>;

const RULES: ColumnRules<NativeColumn, SourceColumn> = {
  take(name, type, native) {
    const raw = `f.${quoteIdentifier(native.name)}`;
    const value = native.family === undefined ? undefined : conversion(native.family, type, raw);
    if (native.family === undefined || value === undefined || (type === 'Timestamp' && !isInstant(native.family))) return undefined;
    return { name, columnName: native.name, type, wire: wireType(native.family, type), family: native.family, raw, order: raw, value };
  },
  unlessDeleted(feature, deleted) {
    const masked = (sql: string): string => `(CASE WHEN ${deleted.raw} IS NOT TRUE THEN ${sql} END)`;
    return { ...feature, order: masked(feature.order), value: masked(feature.value) };
  },
};

/** Binds the view to the columns of its source, or says everything that does not fit. */
export function bindSource(view: FeatureViewSnapshot, columns: readonly NativeColumn[]): ViewBinding<SourceColumn> {
  return bindView(view, columns, RULES);
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
