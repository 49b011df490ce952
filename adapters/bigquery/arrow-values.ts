import type { ScalarColumnType } from '../../domain/data/columns.ts';
import { PipelineError } from '../../domain/errors.ts';
import { canonicalDecimal, float32OfDecimal } from '../../domain/features/decimal.ts';
import type { ScalarValue } from '../../domain/features/value-types.ts';
import { MICROS_PER_SECOND } from '../../domain/instant.ts';
import { ArrowKind } from './arrow-batch.ts';
import type { ArrowColumn } from './arrow-batch.ts';

/** The value of a row in canonical form (of a Timestamp: microseconds), or null where it is "not a time". Asked for rows that have a value only. */
export type ReadValue = (row: number) => ScalarValue | null;

const MICROS_PER_DAY = 86_400 * MICROS_PER_SECOND;
const MICROSECOND = 2;
const UUID = /^[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}$/i;

/**
 * Reads the values of an Arrow column as the declared type. `place`: the column's name in messages. A value that does not fit is refused (INVALID_DATA) and not shown.
 * The same conversions as in PostgreSQL: a decimal becomes a Float32 from its text, so it rounds once; the fraction of an instant is dropped towards minus infinity.
 */
export function valueReader(column: ArrowColumn, type: ScalarColumnType, place: string): ReadValue {
  const unreadable = (): PipelineError => new PipelineError('INVALID_DATA', `Column ${place} comes as Arrow type ${column.type.typeId}, which does not become ${type}. Cast it in the table or query.`);
  switch (type) {
    case 'Bool': return isKind(column, ArrowKind.Bool) ? bits(column.values as Uint8Array) : raise(unreadable());
    case 'Int32': return int32(wholeNumbers(column) ?? raise(unreadable()), place);
    case 'Int64': return wholeNumbers(column) ?? raise(unreadable());
    case 'Float32': return float32(column, place) ?? raise(unreadable());
    case 'Float64': return float64(column) ?? raise(unreadable());
    case 'String': case 'Json': return texts(column) ?? raise(unreadable());
    case 'Bytes': return binary(column) ?? raise(unreadable());
    case 'Decimal': return decimals(column, place) ?? raise(unreadable());
    case 'Uuid': return uuids(texts(column) ?? raise(unreadable()), place);
    case 'Timestamp': return micros(column, place) ?? raise(unreadable());
    case 'UnixTimestamp': return seconds(column, place) ?? raise(unreadable());
  }
}

function raise(error: Error): never {
  throw error;
}

export function isKind({ type }: ArrowColumn, kind: number): boolean {
  return type.typeId === kind;
}

function misfit(place: string, what: string, cure: string): PipelineError {
  return new PipelineError('INVALID_DATA', `Column ${place} holds ${what}. ${cure}`);
}

const bits = (values: Uint8Array) => (row: number): boolean => (values[row >> 3]! & (1 << (row & 7))) !== 0;

function wholeNumbers(column: ArrowColumn): ((row: number) => bigint) | undefined {
  const values = column.values as BigInt64Array;
  return isKind(column, ArrowKind.Int) && column.type.bitWidth === 64 ? (row) => values[row]! : undefined;
}

function int32(read: (row: number) => bigint, place: string): ReadValue {
  return (row) => {
    const value = Number(read(row));
    if (value !== Math.trunc(value) || value < -(2 ** 31) || value >= 2 ** 31) throw misfit(place, 'a whole number that is too large for Int32 (integer out of range)', 'Declare it Int64, or mend the table.');
    return value;
  };
}

function float64(column: ArrowColumn): ((row: number) => number) | undefined {
  const whole = wholeNumbers(column);
  if (whole !== undefined) return (row) => Number(whole(row));
  if (isKind(column, ArrowKind.Decimal)) {
    const text = decimalTexts(column);
    return (row) => Number(text(row));
  }
  const values = column.values as Float64Array | Float32Array;
  return isKind(column, ArrowKind.Float) && column.type.precision !== 0 ? (row) => values[row]! : undefined;
}

function float32(column: ArrowColumn, place: string): ReadValue | undefined {
  const [whole, wide] = [wholeNumbers(column), float64(column)];
  if (wide === undefined) return undefined;
  const text = whole !== undefined ? (row: number) => String(whole(row)) : isKind(column, ArrowKind.Decimal) ? decimalTexts(column) : undefined;
  if (text !== undefined) return (row) => smallEnough(float32OfDecimal(text(row)), place);
  return (row) => {
    const value = wide(row);
    const rounded = Math.fround(value);
    return Number.isFinite(value) ? smallEnough(rounded, place) : rounded;
  };
}

/** The Float32 that a finite number was rounded to. */
export function smallEnough(rounded: number, place: string): number {
  if (!Number.isFinite(rounded)) throw misfit(place, 'a number that is too large for Float32', 'Declare it Float64, or mend the table.');
  return rounded;
}

function texts(column: ArrowColumn): ((row: number) => string) | undefined {
  const read = slices(column, ArrowKind.Utf8);
  if (read === undefined) return undefined;
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  return (row) => decoder.decode(read(row));
}

function binary(column: ArrowColumn): ((row: number) => Uint8Array) | undefined {
  return slices(column, ArrowKind.Binary);
}

function slices(column: ArrowColumn, kind: number): ((row: number) => Uint8Array) | undefined {
  const [values, offsets] = [column.values as Uint8Array, column.offsets!];
  return isKind(column, kind) ? (row) => values.subarray(offsets[row], offsets[row + 1]) : undefined;
}

function decimals(column: ArrowColumn, place: string): ReadValue | undefined {
  const whole = wholeNumbers(column);
  if (whole !== undefined) return (row) => String(whole(row));
  if (isKind(column, ArrowKind.Decimal)) return decimalTexts(column);
  const text = texts(column);
  return text === undefined ? undefined : (row) => canonicalDecimal(text(row)) ?? raise(misfit(place, 'a text that is no decimal number', 'Mend the table, or declare the feature a String.'));
}

/** NUMERIC comes as Decimal128, BIGNUMERIC as Decimal256: two's complement, the lowest 64 bits first, scaled by a power of ten. */
function decimalTexts({ values, type }: ArrowColumn): (row: number) => string {
  const words = values as BigUint64Array;
  const [count, scale] = [(type.bitWidth ?? 128) / 64, type.scale ?? 0];
  return (row) => {
    let digits = 0n;
    for (let i = count - 1; i >= 0; i--) digits = (digits << 64n) | words[row * count + i]!;
    return canonicalDecimal(`${BigInt.asIntN(count * 64, digits)}e${-scale}`)!;
  };
}

function uuids(text: (row: number) => string, place: string): ReadValue {
  return (row) => {
    const raw = text(row);
    if (!UUID.test(raw)) throw misfit(place, 'a text that is no UUID of 32 hexadecimal digits', 'Mend the table, or declare the column a String.');
    return raw.toLowerCase().replaceAll('-', '').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  };
}

function micros(column: ArrowColumn, place: string): ((row: number) => number) | undefined {
  if (isKind(column, ArrowKind.Date)) {
    const days = column.values as Int32Array;
    return (row) => exact(days[row]! * MICROS_PER_DAY, place);
  }
  const values = column.values as BigInt64Array;
  return isKind(column, ArrowKind.Timestamp) && column.type.unit === MICROSECOND ? (row) => exact(Number(values[row]!), place) : undefined;
}

/** Microseconds that a double holds. */
export function exact(value: number, place: string): number {
  if (!Number.isSafeInteger(value)) throw misfit(place, 'an instant that cannot be kept exact: outside the years 1685 to 2255', 'Filter it out or replace it by null.');
  return value;
}

const NOT_A_TIME = -(2n ** 63n);

function seconds(column: ArrowColumn, place: string): ReadValue | undefined {
  const whole = wholeNumbers(column);
  if (whole === undefined) {
    const instants = micros(column, place);
    return instants === undefined ? undefined : (row) => Math.floor(instants(row) / MICROS_PER_SECOND) + 0;
  }
  return (row) => {
    const value = whole(row);
    if (value === NOT_A_TIME) return null;
    if (!Number.isSafeInteger(Number(value))) throw misfit(place, 'an instant that cannot be kept exact: more than 2^53 - 1 seconds from 1970', 'Filter it out or replace it by null.');
    return Number(value);
  };
}
