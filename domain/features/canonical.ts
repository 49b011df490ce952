import type { Column } from '../data/columns.ts';
import { PipelineError } from '../errors.ts';
import { MICROS_PER_SECOND, parseInstant } from '../instant.ts';
import { canonicalDecimal, float32OfDecimal } from './decimal.ts';
import { elementType } from './value-types.ts';
import type { FeatureValue, PrimitiveType, ScalarValue, ValueType } from './value-types.ts';

const INTEGER_TEXT = /^[+-]?\d+(?:\.0*)?$/;
const DECIMAL_TEXT = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const SPECIAL_FLOATS: Readonly<Record<string, number>> = { nan: Number.NaN, inf: Infinity, infinity: Infinity, '+inf': Infinity, '+infinity': Infinity, '-inf': -Infinity, '-infinity': -Infinity };
const UUID = /^[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}$/i;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const LONE_SURROGATE = /\p{Surrogate}/u;
const RANGES = { Int32: [-(2n ** 31n), 2n ** 31n - 1n], Int64: [-(2n ** 63n), 2n ** 63n - 1n] } as const;
/** How databases and data frames write "not a time" where a number is wanted. */
const NOT_A_TIME = -(2n ** 63n);

/**
 * The canonical form (see FeatureValue and docs/values.md) of a value as a JSON request, an SQL driver or protobuf gives it: number, bigint, decimal text, Date, ISO text
 * (without zone: UTC), base64 text or bytes, arrays of these; null and undefined are null. What does not fit the type is refused, never bent:
 * INVALID_DATA with the value and the type in its message.
 */
export function canonicalize(type: ValueType, raw: unknown): FeatureValue {
  if (raw === null || raw === undefined) return null;
  const element = elementType(type);
  if (element === undefined) return canonicalScalar(type as PrimitiveType, raw);
  if (!isArrayLike(raw)) throw misfit(type, raw, 'it is not an array');
  return Array.from(raw, (item, index) => {
    const value = item === null || item === undefined ? null : canonicalScalar(element, item);
    if (value === null) throw misfit(type, raw, `element ${index} is missing`);
    return value;
  });
}

/** Whether two canonical values of one type are the same: numbers by their bits (0 and -0 differ, NaN is NaN), bytes and arrays element by element. */
export function sameValue(a: FeatureValue, b: FeatureValue): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b);
  if (a instanceof Uint8Array !== b instanceof Uint8Array || a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) if (!sameValue(a[index] as ScalarValue, b[index] as ScalarValue)) return false;
  return true;
}

/** The canonical value of row `index`; of a Timestamp column the microseconds. An array is the column's own: do not change it. */
export function columnValue(column: Column, index: number): FeatureValue {
  if (column.nulls !== null && column.nulls[index] === 1) return null;
  return column.type === 'Bool' ? column.values[index] !== 0 : (column.values[index] as ScalarValue | readonly ScalarValue[]);
}

function canonicalScalar(type: PrimitiveType, raw: unknown): ScalarValue | null {
  switch (type) {
    case 'Bool':
      if (typeof raw === 'boolean') return raw;
      throw misfit(type, raw, 'only true and false are');
    case 'Int32':
      return Number(integer(type, raw));
    case 'Int64':
      return integer(type, raw);
    case 'Float64':
      return float64(type, raw);
    case 'Float32':
      return float32(raw);
    case 'String':
      return text(type, raw);
    case 'Bytes':
      return bytes(raw);
    case 'UnixTimestamp':
      return wholeSeconds(raw);
    case 'Decimal':
      return decimal(raw);
    case 'Uuid':
      return uuid(raw);
    case 'Json':
      return json(raw);
  }
}

function integer(type: 'Int32' | 'Int64', raw: unknown): bigint {
  let value: bigint;
  if (typeof raw === 'bigint') value = raw;
  else if (typeof raw === 'string' && INTEGER_TEXT.test(raw)) value = BigInt(raw.replace(/^\+/, '').replace(/\..*$/, ''));
  else if (typeof raw === 'number' && Number.isSafeInteger(raw)) value = BigInt(raw);
  else if (typeof raw === 'number' && Number.isInteger(raw)) throw misfit(type, raw, 'a number beyond 2^53 is not exact; give it as text');
  else throw misfit(type, raw, 'it is not a whole number');
  const [low, high] = RANGES[type];
  if (value < low || value > high) throw misfit(type, raw, `it is not within ${low} and ${high}`);
  return value;
}

function float64(type: PrimitiveType, raw: unknown): number {
  if (typeof raw === 'number') return raw;
  if (typeof raw === 'bigint') return Number(raw);
  const special = typeof raw === 'string' ? SPECIAL_FLOATS[raw.toLowerCase()] : undefined;
  if (special !== undefined) return special;
  if (typeof raw !== 'string' || !DECIMAL_TEXT.test(raw)) throw misfit(type, raw, 'it is not a number');
  const value = Number(raw);
  if (!Number.isFinite(value)) throw misfit(type, raw, 'it is too large');
  return value;
}

function float32(raw: unknown): number {
  const wide = float64('Float32', raw);
  // Decimal text becomes the nearest Float32 in one step: by way of a Float64 it would be rounded twice.
  const exact = typeof raw === 'bigint' || (typeof raw === 'string' && Number.isFinite(wide));
  const value = exact ? float32OfDecimal(String(raw)) : Math.fround(wide);
  if (Number.isFinite(wide) && !Number.isFinite(value)) throw misfit('Float32', raw, 'it is too large');
  return value;
}

/** A number is taken by its shortest decimal text; beyond 2^53 whole numbers are not exact, and text is wanted. */
function decimal(raw: unknown): string {
  if (typeof raw === 'number' && Number.isInteger(raw) && !Number.isSafeInteger(raw)) throw misfit('Decimal', raw, 'a number beyond 2^53 is not exact; give it as text');
  const value = typeof raw === 'number' || typeof raw === 'bigint' || typeof raw === 'string' ? canonicalDecimal(String(raw)) : undefined;
  if (value === undefined) throw misfit('Decimal', raw, 'it is not a decimal number such as 12.5, NaN, Infinity or -Infinity, of at most 131072 digits before the point and 16383 after it');
  return value;
}

function uuid(raw: unknown): string {
  if (typeof raw !== 'string' || !UUID.test(raw)) throw misfit('Uuid', raw, 'it is not 32 hexadecimal digits, 8-4-4-4-12');
  return raw.toLowerCase().replaceAll('-', '').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** Text is JSON already; anything else would be a guess between text and a document. */
function json(raw: unknown): string {
  const document = text('Json', raw);
  try {
    JSON.parse(document);
  } catch (error) {
    throw new PipelineError('INVALID_DATA', `${show(raw)} does not fit Json: it is not JSON text.`, { cause: error });
  }
  return document;
}

function text(type: PrimitiveType, raw: unknown): string {
  if (typeof raw !== 'string') throw misfit(type, raw, type === 'Json' ? 'it is not text; give the document as JSON text' : 'it is not text; put it in quotes');
  if (LONE_SURROGATE.test(raw)) throw misfit(type, raw, 'it holds half a character (a lone surrogate)');
  return raw;
}

function bytes(raw: unknown): Uint8Array {
  if (raw instanceof Uint8Array) return new Uint8Array(raw.buffer, raw.byteOffset, raw.byteLength);
  if (typeof raw !== 'string' || !BASE64.test(raw)) throw misfit('Bytes', raw, 'it is neither bytes nor base64 text');
  return Uint8Array.from(atob(raw), (character) => character.charCodeAt(0));
}

function wholeSeconds(raw: unknown): number | null {
  if (raw === NOT_A_TIME) return null;
  let seconds = Number.NaN;
  if (raw instanceof Date) seconds = raw.getTime() / 1000;
  else if (typeof raw === 'number') seconds = raw;
  else if (typeof raw === 'bigint') seconds = Number(raw);
  else if (typeof raw === 'string') seconds = INTEGER_TEXT.test(raw) ? Number(raw) : (parseInstant(raw) ?? Number.NaN) / MICROS_PER_SECOND;
  const whole = Math.floor(seconds) + 0; // + 0: there is no -0
  if (!Number.isSafeInteger(whole)) throw misfit('UnixTimestamp', raw, 'it is neither a time such as 2026-11-23T10:00:00Z nor a number of seconds');
  return whole;
}

function isArrayLike(raw: unknown): raw is ArrayLike<unknown> & Iterable<unknown> {
  return Array.isArray(raw) || (ArrayBuffer.isView(raw) && !(raw instanceof DataView));
}

function misfit(type: ValueType, raw: unknown, reason: string): PipelineError {
  return new PipelineError('INVALID_DATA', `${show(raw)} does not fit ${type}: ${reason}.`);
}

/** A value for a message: short, whatever it is. */
function show(raw: unknown): string {
  if (raw instanceof Uint8Array) return `a value of ${raw.length} bytes`;
  if (raw instanceof Date) return Number.isNaN(raw.getTime()) ? 'an invalid Date' : raw.toISOString();
  const text = typeof raw === 'string' ? JSON.stringify(raw) : typeof raw === 'object' ? (Array.isArray(raw) ? 'an array' : 'an object') : String(raw);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
