import type { ColumnType } from '../../domain/data/columns.ts';
import type { Problem } from '../../domain/errors.ts';
import type { FeatureViewSnapshot } from '../../domain/features/snapshot.ts';
import { suggestion } from '../../domain/nearest.ts';
import { converts, isInstant } from './column-types.ts';
import type { NativeColumn, NativeFamily } from './column-types.ts';
import { comparable } from './order.ts';
import { quoteIdentifier } from './sql.ts';

/** A column of the view as it stands in the source. */
export interface SourceColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly family: NativeFamily;
  /** The source's own column, quoted, with the alias `f`: for conditions. */
  readonly raw: string;
  /** An expression by which rows are ordered, missing in a tombstone. */
  readonly order: string;
  /** The value, missing in a tombstone; of an instant: a TIMESTAMP. It becomes the declared type where it is read (arrow-values.ts). */
  readonly value: string;
}

/** A feature view bound to its table: what SQL needs to know. */
export interface ViewSource {
  readonly view: FeatureViewSnapshot;
  readonly joinKeys: readonly SourceColumn[];
  readonly features: readonly SourceColumn[];
  readonly eventTimestamp: SourceColumn;
  readonly createdTimestamp: SourceColumn | undefined;
}

/** Binds the view to the columns of its source, or says everything that does not fit. */
export function bindView(view: FeatureViewSnapshot, columns: readonly NativeColumn[]): { readonly source?: ViewSource; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const mapped = new Map(Object.entries(view.source.fieldMapping ?? {}).map(([column, name]) => [name, column]));
  const bind = (name: string, type: ColumnType, path: string): SourceColumn | undefined => {
    const outcome = bindColumn(name, type === 'Timestamp' ? name : (mapped.get(name) ?? name), type, columns, view.source.table);
    if ('column' in outcome) return outcome.column;
    problems.push({ path: `feature view ${view.name}, ${path}`, ...outcome });
    return undefined;
  };
  const joinKeys = view.joinKeys.map((key) => bind(key.name, key.type, `join key ${key.name}`));
  const features = view.features.map((field) => bind(field.name, field.type, `feature ${field.name}`));
  const eventTimestamp = bind(view.source.timestampField, 'Timestamp', 'timestampField');
  const { createdTimestampColumn: created, deletedColumn } = view.source;
  const createdTimestamp = created === undefined ? undefined : bind(created, 'Timestamp', 'createdTimestampColumn');
  const deleted = deletedColumn === undefined ? undefined : bind(deletedColumn, 'Bool', 'deletedColumn');
  if (view.asKnown && created === undefined) problems.push({ path: `feature view ${view.name}`, message: 'it is read as known, but its source has no created timestamp column.', cure: 'Name the column, or leave out asKnown.' });
  if (problems.length > 0 || eventTimestamp === undefined) return { problems };
  const alive = (features as SourceColumn[]).map((feature) => unlessDeleted(feature, deleted));
  return { problems, source: { view, joinKeys: joinKeys as SourceColumn[], features: alive, eventTimestamp, createdTimestamp } };
}

/** The features of a tombstone are missing, whatever it holds. */
function unlessDeleted(feature: SourceColumn, deleted: SourceColumn | undefined): SourceColumn {
  if (deleted === undefined) return feature;
  const masked = (sql: string): string => `IF(${deleted.raw} IS TRUE, NULL, ${sql})`;
  return { ...feature, order: masked(feature.order), value: masked(feature.value) };
}

function bindColumn(name: string, columnName: string, type: ColumnType, columns: readonly NativeColumn[], table: string): { readonly column: SourceColumn } | { readonly message: string; readonly cure: string } {
  const native = columns.find((candidate) => candidate.name === columnName);
  if (native === undefined) return { message: `table ${table} has no column "${columnName}".`, cure: suggestion(columnName, columns.map((c) => c.name)) };
  if (native.family === undefined || !converts(native.family, type)) {
    return { message: `column "${columnName}" of ${table} is ${native.nativeType}, which does not become ${type} without loss.`, cure: 'Declare the type that the column has, or cast it in the table.' };
  }
  const raw = `f.${quoteIdentifier(columnName)}`;
  return { column: { name, type, family: native.family, raw, order: comparable(native.family, raw, type), value: asTimestamp(native.family, raw) } };
}

/** An instant of any family as a TIMESTAMP; one without zone is UTC. What is no instant stays as it is. */
export function asTimestamp(family: NativeFamily, sql: string): string {
  return family === 'datetime' || family === 'date' ? `TIMESTAMP(${sql})` : sql;
}

/** A join key as it is compared, online too: a time counts in whole seconds. */
export function keyValue({ family, raw }: Pick<SourceColumn, 'family' | 'raw'>): string {
  return isInstant(family) ? `UNIX_SECONDS(${asTimestamp(family, raw)})` : raw;
}
