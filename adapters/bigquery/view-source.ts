import type { ColumnType } from '../../domain/data/columns.ts';
import { bindView } from '../../domain/features/bind-view.ts';
import type { BoundSource, ColumnRules, ViewBinding } from '../../domain/features/bind-view.ts';
import type { FeatureViewSnapshot } from '../../domain/features/snapshot.ts';
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

/** A feature view bound to its table. */
export type ViewSource = BoundSource<SourceColumn>;

const RULES: ColumnRules<NativeColumn, SourceColumn> = {
  take(name, type, native) {
    if (native.family === undefined || !converts(native.family, type)) return undefined;
    const raw = `f.${quoteIdentifier(native.name)}`;
    return { name, type, family: native.family, raw, order: comparable(native.family, raw, type), value: asTimestamp(native.family, raw) };
  },
  unlessDeleted(feature, deleted) {
    const masked = (sql: string): string => `IF(${deleted.raw} IS TRUE, NULL, ${sql})`;
    return { ...feature, order: masked(feature.order), value: masked(feature.value) };
  },
};

/** Binds the view to the columns of its source, or says everything that does not fit. */
export function bindSource(view: FeatureViewSnapshot, columns: readonly NativeColumn[]): ViewBinding<SourceColumn> {
  return bindView(view, columns, RULES);
}

/** An instant of any family as a TIMESTAMP; one without zone is UTC. What is no instant stays as it is. */
export function asTimestamp(family: NativeFamily, sql: string): string {
  return family === 'datetime' || family === 'date' ? `TIMESTAMP(${sql})` : sql;
}

/** A join key as it is compared, online too: a time counts in whole seconds. */
export function keyValue({ family, raw }: Pick<SourceColumn, 'family' | 'raw'>): string {
  return isInstant(family) ? `UNIX_SECONDS(${asTimestamp(family, raw)})` : raw;
}
