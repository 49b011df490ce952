import { PipelineError } from '../../../domain/errors.ts';
import { canonicalize } from '../../../domain/features/canonical.ts';
import { elementType } from '../../../domain/features/value-types.ts';
import type { FeatureValue, PrimitiveType, ScalarValue, ValueType } from '../../../domain/features/value-types.ts';

/** What the text of a type looks like: text of another type is refused, not bent. Types that are not here take any text. */
const FORMS: Partial<Record<PrimitiveType, RegExp>> = {
  Bool: /^(true|false)$/,
  Int32: /^-?\d+$/,
  Int64: /^-?\d+$/,
  Float32: /^(-?\d+(\.\d+)?(e[+-]?\d+)?|NaN|-?Infinity)$/,
  Float64: /^(-?\d+(\.\d+)?(e[+-]?\d+)?|NaN|-?Infinity)$/,
  UnixTimestamp: /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ|-?\d+)$/,
};
/** A floating-point number always shows that it is one. */
const WHOLE_NUMBER = /^-?\d+$/;
/** Seconds of 0001-01-01T00:00:00Z and of 9999-12-31T23:59:59Z: further away there is no such text. */
const [FIRST_SECOND, LAST_SECOND] = [-62_135_596_800, 253_402_300_799];

/**
 * The text of a canonical value that is not null, from which `valueOfText` makes the same value: whole numbers as digits, floating-point numbers with a point or exponent
 * (the shortest text that means the same number), `true`/`false`, times as `2026-11-23T10:00:00Z`, bytes as base64, text as it is, arrays as JSON.
 */
export function textOfValue(type: ValueType, value: Exclude<FeatureValue, null> | FeatureValue): string {
  const element = elementType(type);
  if (value === null) throw new TypeError('null has no text');
  if (element === undefined) return textOfScalar(type as PrimitiveType, value as ScalarValue);
  return `[${(value as readonly ScalarValue[]).map((item) => jsonOfScalar(element, item)).join(',')}]`;
}

/** The canonical value of a text. INVALID_DATA, without the text, where it is none of that type. */
export function valueOfText(type: ValueType, text: string): FeatureValue {
  const element = elementType(type);
  const value = element === undefined ? readPlainText(type as PrimitiveType, text) : readArray(type, element, text);
  if (value === undefined) throw new PipelineError('INVALID_DATA', `the text is none of type ${type}`);
  return value;
}

/** `valueOfText` of a primitive type; undefined where the text is none. */
export function readPlainText(type: PrimitiveType, text: string): FeatureValue | undefined {
  const form = FORMS[type];
  if (form !== undefined && !form.test(text)) return undefined;
  if ((type === 'Float32' || type === 'Float64') && WHOLE_NUMBER.test(text)) return undefined;
  if (type === 'Bool') return text === 'true';
  return isText(type) ? text : canonicalOrUndefined(type, text);
}

function canonicalOrUndefined(type: ValueType, raw: unknown): FeatureValue | undefined {
  try {
    return canonicalize(type, raw);
  } catch (error) {
    if (error instanceof PipelineError) return undefined;
    throw error;
  }
}

function readArray(type: ValueType, element: PrimitiveType, text: string): FeatureValue | undefined {
  let items: unknown;
  try {
    items = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(items)) return undefined;
  return isText(element) ? (items.every((item) => typeof item === 'string') ? (items as string[]) : undefined) : canonicalOrUndefined(type, items);
}

/** Types whose canonical form is text already. */
function isText(type: PrimitiveType): boolean {
  return !['Bool', 'Bytes', 'Int32', 'Int64', 'Float32', 'Float64', 'UnixTimestamp'].includes(type);
}

function textOfScalar(type: PrimitiveType, value: ScalarValue): string {
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.length).toString('base64');
  if (typeof value !== 'number') return String(value);
  if (type === 'UnixTimestamp') return value >= FIRST_SECOND && value <= LAST_SECOND ? new Date(value * 1000).toISOString().replace('.000Z', 'Z') : String(value);
  if (type === 'Int32') return String(value);
  const text = Object.is(value, -0) ? '-0' : type === 'Float32' ? shortestFloat32(value) : String(value);
  return WHOLE_NUMBER.test(text) ? `${text}.0` : text;
}

/** The shortest decimal text whose nearest Float32 is the value. */
function shortestFloat32(value: number): string {
  for (let digits = 1; digits < 9; digits++) {
    const text = String(Number(value.toPrecision(digits)));
    if (Math.fround(Number(text)) === value) return text;
  }
  return String(value);
}

function jsonOfScalar(type: PrimitiveType, value: ScalarValue): string {
  const text = textOfScalar(type, value);
  // JSON has no such numbers, and its readers no exact ones beyond 2^53.
  const plain = typeof value === 'boolean' || (typeof value === 'bigint' && BigInt(Number(value)) === value && Number.isSafeInteger(Number(value))) || (typeof value === 'number' && type !== 'UnixTimestamp' && Number.isFinite(value));
  return plain ? text : JSON.stringify(text);
}
