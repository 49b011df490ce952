import type { ColumnType } from '../../domain/data/columns.ts';
import { PipelineError } from '../../domain/errors.ts';
import { EARLIEST, formatInstant } from '../../domain/instant.ts';
import type { Micros } from '../../domain/instant.ts';
import { elementFamily } from './column-types.ts';
import type { NativeFamily } from './column-types.ts';

/**
 * An instant as a literal. COPY takes no bind parameters, so instants and whole numbers that we made are written out (digits only);
 * nothing that a user wrote ever is.
 */
export function instantLiteral(micros: Micros): string {
  const text = Number.isSafeInteger(micros) && Math.abs(micros) < 8.64e18 ? formatInstant(micros) : '';
  if (!/^\d{4}-/.test(text)) throw new PipelineError('INVALID_INPUT', `${micros} is not an instant in microseconds between the years 0 and 9999.`);
  return `timestamptz '${text}'`;
}

/** An instant (timestamptz) as a double can hold it: one before EARLIEST, -infinity too, counts as of then. Missing stays missing. */
export function notBeforeEarliest(sql: string): string {
  return `CASE WHEN ${sql} < ${instantLiteral(EARLIEST)} THEN ${instantLiteral(EARLIEST)} ELSE ${sql} END`;
}

/** A query of exactly one statement. Without values pg would choose the protocol in which a text may hold several, and a spine query could end the statement around it. */
export function oneStatement(text: string, values: readonly unknown[]): { readonly text: string; readonly values: unknown[]; readonly queryMode: 'extended' } {
  return { text, values: [...values], queryMode: 'extended' };
}

export function wholeNumberLiteral(value: number): string {
  if (!Number.isSafeInteger(value) || value < 0) throw new PipelineError('INVALID_INPUT', `${value} is not a whole number.`);
  return String(value);
}

/** A sort key whose order depends on no locale: text by code point (UTF-8 bytes), missing values last. `declared`: see `comparable`. */
export function orderTerm(family: NativeFamily, sql: string, declared?: ColumnType): string {
  return `${comparable(family, sql, declared)} ASC NULLS LAST`;
}

/** The expression by which values are compared and ordered; where the value is `declared` as a type that is text in canonical form (Decimal), by that text. */
export function comparable(family: NativeFamily, sql: string, declared?: ColumnType): string {
  if (declared === 'Decimal') return `trim_scale((${sql})::numeric)::text COLLATE "C"`;
  if (declared === 'Array(Decimal)') return `CASE WHEN ${sql} IS NOT NULL THEN array(SELECT trim_scale(e::numeric)::text FROM unnest(${sql}) WITH ORDINALITY AS u (e, i) ORDER BY i) END COLLATE "C"`;
  const element = elementFamily(family);
  const base = element ?? family;
  if (base === 'text') return `${sql} COLLATE "C"`;
  return base === 'othertext' || base === 'bpchar' || base === 'json' ? `${sql}::text${element === undefined ? '' : '[]'} COLLATE "C"` : sql;
}
