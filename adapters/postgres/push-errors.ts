import { PipelineError } from '../../domain/errors.ts';
import { asReadError } from './copy-rows.ts';
import { cellPlace, rowPlace } from './push-rows.ts';

/** SQLSTATEs of a transaction that another one stood in the way of. */
const DEADLOCK = '40P01';
const SERIALIZATION_FAILURE = '40001';
const UNIQUE_VIOLATION = '23505';
const NOT_NULL_VIOLATION = '23502';

/** What was copied when the error came. */
export interface CopiedRows {
  readonly table: string;
  readonly columns: readonly string[];
  /** Which row of its push each line of the copy is, from 0 on. */
  readonly rows: readonly number[];
}

type PostgresError = Readonly<Partial<Record<'code' | 'schema' | 'table' | 'column' | 'constraint' | 'where' | 'message', string>>>;

/** What the tables refuse of a push, in words for the caller, without the values. CONFLICT: a unique index; INVALID_DATA: a value; UNAVAILABLE: it may work the next time. */
export function asPushError(error: unknown, copied?: CopiedRows): unknown {
  const { code, constraint = '', ...named } = error as PostgresError;
  if (code === DEADLOCK || code === SERIALIZATION_FAILURE) return new PipelineError('UNAVAILABLE', 'PostgreSQL ended the transaction of a push, since another one stood in its way.', { cause: error });
  const table = copied?.table ?? `${named.schema}.${named.table}`; // a deferred constraint is looked at when all is copied
  if (code === UNIQUE_VIOLATION) {
    return new PipelineError('CONFLICT', `Table ${table} refuses the rows: its unique index ${constraint} has a row of one of these events already, and a correction is a row of its own, with a later created timestamp. Let the index include the column of the created timestamp, and send the push again; nothing was written.`);
  }
  const place = copied === undefined ? '' : placeOf(error as PostgresError, copied);
  if (code === NOT_NULL_VIOLATION) return new PipelineError('INVALID_DATA', `Table ${table} refuses the rows${place}: column ${named.column} may not be null there. Send a value, or let the column be null; nothing was written.`);
  if (code?.startsWith('23') === true) return new PipelineError('INVALID_DATA', `Table ${table} refuses the rows${place} by its constraint ${constraint}. Send rows that it allows, or change the table; nothing was written.`);
  if (copied === undefined || code?.startsWith('22') !== true) return asReadError(error);
  return new PipelineError('INVALID_DATA', `Table ${table} refuses the rows${place}: PostgreSQL could not convert a value: ${(error as Error).message.replace(/".*"/s, '"..."')}. Send a value that the column holds, or change the column; nothing was written.`);
}

/** ` at row 2 ..., column tags` as far as PostgreSQL says it. The context of its error ("COPY t, line 3, column x: ...") goes on with the value, so only what is known to be a line or a column is taken from it. */
function placeOf({ where = '' }: PostgresError, { columns, rows }: CopiedRows): string {
  const [, line, context] = /^COPY [^\n]*?, line (\d+)(?:, column ([^\n]*?): )?/m.exec(where) ?? [];
  const row = line === undefined ? undefined : rows[Number(line) - 1];
  const name = columns.find((one) => one === context);
  if (row === undefined) return name === undefined ? '' : ` at column ${name}`;
  return ` at ${name === undefined ? rowPlace(row) : cellPlace(row, name)}`;
}
