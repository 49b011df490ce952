import { BEGINNING, MICROS_PER_SECOND } from '../../domain/instant.ts';
import type { Micros } from '../../domain/instant.ts';
import { instantLiteral } from './sql.ts';
import type { SourceColumn } from './view-source.ts';

const MICROS_PER_DAY = 86_400 * MICROS_PER_SECOND;

/** The column is not later than the instant: a comparison of the bare column with a constant, by which BigQuery chooses partitions before it reads. */
export function notLater(column: SourceColumn, micros: Micros): string {
  return `${column.raw} <= ${constant(column, micros, Math.floor)}`;
}

/** The column is not earlier than the instant; no condition where the instant lies before all that can be named exactly. */
export function notEarlier(column: SourceColumn, micros: Micros): string[] {
  return micros <= BEGINNING ? [] : [`${column.raw} >= ${constant(column, micros, Math.ceil)}`];
}

/** The column is later than the instant. */
export function later(column: SourceColumn, micros: Micros): string {
  return micros <= BEGINNING ? 'TRUE' : `${column.raw} > ${constant(column, micros, Math.floor)}`;
}

/** The instant in the column's type. A date stands for its midnight, so an instant is brought to one: for `<=` and `>` the one before it, for `>=` the one after it. */
function constant({ family }: SourceColumn, micros: Micros, toDay: (days: number) => number): string {
  const at = family === 'date' ? toDay(micros / MICROS_PER_DAY) * MICROS_PER_DAY : micros;
  const literal = instantLiteral(at);
  if (family === 'timestamp') return literal;
  const text = literal.slice("TIMESTAMP '".length, -"+00'".length);
  return family === 'datetime' ? `DATETIME '${text}'` : `DATE '${text.slice(0, 10)}'`;
}
