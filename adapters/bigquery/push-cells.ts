import { canonicalDecimal } from '../../domain/features/decimal.ts';
import { elementType, type FeatureValue, type PrimitiveType, type ScalarValue, type ValueType } from '../../domain/features/value-types.ts';
import { hasFourDigitYear } from '../../domain/four-digit-year.ts';
import { formatInstant, MICROS_PER_SECOND, type Micros } from '../../domain/instant.ts';
import type { WriteColumn, WriteType } from './push-schema.ts';
import { encodeValue } from './push-wire.ts';

/** Says why a value cannot be written: one sentence, without the value. */
export type Refuse = (why: string) => void;
/** The values of a cell as they travel; none: null, or an empty list. */
export type CellWriter<T> = (value: T, refuse: Refuse) => readonly Buffer[];

const MICROS_PER_DAY = 86_400 * MICROS_PER_SECOND;
const INT64_BOUND = 2n ** 63n;
/** Digits before and after the point (cloud.google.com/bigquery/docs/reference/standard-sql/data-types, "Decimal types"). */
const DIGITS = { NUMERIC: [29, 9], BIGNUMERIC: [38, 38] } as const;

/** Writes canonical values of a feature or join key into a column. What the column would not give back as it is, is refused. The types must fit (`converts`). */
export function cellWriter(type: ValueType, column: WriteColumn): CellWriter<FeatureValue> {
  const element = elementType(type);
  if (element === undefined) {
    const write = scalarWriter(type as PrimitiveType, column);
    return (value, refuse) => (value === null ? [] : [write(value as ScalarValue, refuse)]);
  }
  const write = scalarWriter(element, column);
  return (value, refuse) => ((value ?? []) as readonly ScalarValue[]).map((item) => write(item, refuse));
}

/** Writes instants. */
export function instantWriter(column: WriteColumn): CellWriter<Micros> {
  const write = instantOf(column.type);
  return (micros, refuse) => [write(micros, refuse)];
}

type ScalarWriter = (value: ScalarValue, refuse: Refuse) => Buffer;

const NOTHING = Buffer.alloc(0);

function scalarWriter(type: PrimitiveType, column: WriteColumn): ScalarWriter {
  switch (column.type) {
    case 'BOOL':
      return (value) => encodeValue(value as boolean, 'varint');
    case 'DOUBLE':
      return (value) => encodeValue(value as number, 'double');
    case 'INT64':
      return integerWriter;
    case 'NUMERIC':
    case 'BIGNUMERIC':
      return decimalWriter(column.type, column);
    case 'BYTES':
      return limited(column, (value) => (value as Uint8Array).length, 'bytes');
    case 'STRING':
      return limited(column, (value) => [...(value as string)].length, 'characters');
    case 'JSON':
      return (value) => encodeValue(value as string, 'bytes');
    default:
      return secondsWriter(type, column);
  }
}

function integerWriter(value: ScalarValue, refuse: Refuse): Buffer {
  const isWhole = typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value)) || (typeof value === 'string' && /^-?\d+$/.test(value));
  const whole = isWhole ? BigInt(value) : undefined;
  if (whole !== undefined && whole >= -INT64_BOUND && whole < INT64_BOUND && !Object.is(value, -0)) return encodeValue(whole, 'varint');
  refuse('the column holds whole numbers within 64 bits alone.');
  return NOTHING;
}

function decimalWriter(type: 'NUMERIC' | 'BIGNUMERIC', { precision, scale = 0 }: WriteColumn): ScalarWriter {
  const [mostWhole, mostFraction] = precision === undefined ? DIGITS[type] : [precision - scale, scale];
  return (value, refuse) => {
    const text = Object.is(value, -0) ? undefined : canonicalDecimal(String(value));
    const [whole = '', fraction = ''] = (text ?? '').replace(/^-?0?/, '').split('.');
    if (text !== undefined && /\d$/.test(text) && whole.length <= mostWhole && fraction.length <= mostFraction) return encodeValue(text, 'bytes');
    refuse(`the column holds numbers of at most ${mostWhole} digits before the point and ${mostFraction} after it, without a negative zero.`);
    return NOTHING;
  };
}

function limited({ maxLength }: WriteColumn, lengthOf: (value: ScalarValue) => number, unit: string): ScalarWriter {
  return (value, refuse) => {
    if (maxLength !== undefined && lengthOf(value) > maxLength) refuse(`the column holds at most ${maxLength} ${unit}.`);
    return encodeValue(value as string | Uint8Array, 'bytes');
  };
}

/** A list of instants is read as microseconds, which a double holds exactly within some centuries only. */
function secondsWriter(type: PrimitiveType, column: WriteColumn): ScalarWriter {
  if (type !== 'UnixTimestamp') throw new RangeError(`${type} does not become ${column.type}`);
  const write = instantOf(column.type);
  return (value, refuse) => {
    const micros = (value as number) * MICROS_PER_SECOND;
    if (!column.isList || Number.isSafeInteger(micros)) return write(micros, refuse);
    refuse('a list of times in this column is read only within the years 1685 to 2255.');
    return NOTHING;
  };
}

/** How an instant travels. Whole seconds are exact as microseconds even where a double no longer holds every microsecond: they are multiples of 64. */
function instantOf(type: WriteType): (micros: Micros, refuse: Refuse) => Buffer {
  return (micros, refuse) => {
    if (!hasFourDigitYear(micros)) {
      refuse('the time is not within the years 1 to 9999.');
      return NOTHING;
    }
    if (type === 'TIMESTAMP') return encodeValue(BigInt(micros), 'varint');
    if (type === 'DATETIME') return encodeValue(formatInstant(micros).slice(0, -1), 'bytes');
    if (micros % MICROS_PER_DAY !== 0) refuse('the column is a DATE, which keeps no time of day.');
    return encodeValue(Math.floor(micros / MICROS_PER_DAY), 'varint');
  };
}
