import { PipelineError } from '../../domain/errors.ts';

/** 2000-01-01T00:00:00Z, from which PostgreSQL counts, in microseconds. */
export const POSTGRES_EPOCH_MICROS = 946_684_800_000_000;

/** Rounded once; refused where a finite number would become infinite, as canonical.ts does. */
export function float32(value: number, name: string): number {
  const rounded = Math.fround(value);
  if (!Number.isFinite(rounded) && Number.isFinite(value)) throw new PipelineError('INVALID_DATA', `Column ${name} holds a number that is too large for Float32. Declare it Float64, or mend the table.`);
  return rounded;
}

/** An int8 plus `epoch` (0: of whole seconds) as a number; refused where it is not exact. */
export function exactInteger(bytes: DataView, offset: number, epoch: number, name: string): number {
  const value = bytes.getInt32(offset) * 2 ** 32 + bytes.getUint32(offset + 4) + epoch;
  if (!Number.isSafeInteger(value)) throw new PipelineError('INVALID_DATA', `Column ${name} holds an instant that cannot be kept exact: infinity, or ${epoch === 0 ? 'more than 2^53 - 1 seconds from 1970' : 'outside the years 1685 to 2255'}. Filter it out or replace it by null.`);
  return value;
}
