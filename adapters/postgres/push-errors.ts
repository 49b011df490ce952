import { PipelineError } from '../../domain/errors.ts';
import { asReadError } from './copy-rows.ts';

/** SQLSTATEs of a transaction that another one stood in the way of. */
const DEADLOCK = '40P01';
const SERIALIZATION_FAILURE = '40001';
const UNIQUE_VIOLATION = '23505';
const NOT_NULL_VIOLATION = '23502';

/** What the tables refuse of a push, in words for the caller, without the values. CONFLICT: a unique index; INVALID_DATA: a value; UNAVAILABLE: it may work the next time. */
export function asPushError(error: unknown): unknown {
  const { code, schema = '', table = '', column = '', constraint = '' } = error as Readonly<Record<'code' | 'schema' | 'table' | 'column' | 'constraint', string | undefined>>;
  const name = `${schema}.${table}`;
  if (code === DEADLOCK || code === SERIALIZATION_FAILURE) return new PipelineError('UNAVAILABLE', 'PostgreSQL ended the transaction of a push, since another one stood in its way.', { cause: error });
  if (code === UNIQUE_VIOLATION) {
    return new PipelineError('CONFLICT', `Table ${name} refuses the rows: its unique index ${constraint} has a row of one of these events already, and a correction is a row of its own, with a later created timestamp. Let the index include the column of the created timestamp, and send the push again; nothing was written.`);
  }
  if (code === NOT_NULL_VIOLATION) return new PipelineError('INVALID_DATA', `Table ${name} refuses the rows: column ${column} may not be null there. Send a value, or let the column be null; nothing was written.`);
  if (typeof code === 'string' && code.startsWith('23')) return new PipelineError('INVALID_DATA', `Table ${name} refuses the rows by its constraint ${constraint}. Send rows that it allows, or change the table; nothing was written.`);
  return asReadError(error);
}
