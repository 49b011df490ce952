import { elementType, type FeatureValue, type PrimitiveType, type ScalarValue, type ValueType } from '../../domain/features/value-types.ts';

/** JSON text of a canonical value of one type, as Feast's feature server writes it. */
export type JsonWriter = (value: FeatureValue) => string;

/**
 * int64 with all digits; floats with a point or an exponent, so that Python reads a float; NaN and the infinities as texts; bytes in base64; times in whole seconds.
 * Text, and what is kept as text, in quotes.
 */
export function jsonWriter(type: ValueType): JsonWriter {
  const element = elementType(type);
  const write = scalarWriter((element ?? type) as PrimitiveType);
  if (element === undefined) return (value) => (value === null ? 'null' : write(value as ScalarValue));
  return (value) => (value === null ? 'null' : `[${(value as readonly ScalarValue[]).map(write).join(',')}]`);
}

function scalarWriter(type: PrimitiveType): (value: ScalarValue) => string {
  switch (type) {
    case 'Bool':
    case 'Int32':
    case 'Int64':
    case 'UnixTimestamp':
      return String;
    case 'Float32':
    case 'Float64':
      return (value) => floatJson(value as number);
    case 'Bytes':
      return (value) => `"${Buffer.from(value as Uint8Array).toString('base64')}"`;
    default:
      return (value) => JSON.stringify(value);
  }
}

export function floatJson(value: number): string {
  if (!Number.isFinite(value)) return `"${value}"`;
  if (!Number.isInteger(value)) return String(value);
  const text = Object.is(value, -0) ? '-0' : String(value);
  return text.includes('e') ? text : `${text}.0`;
}

/** What stands where there is no event timestamp. */
export const NO_TIME = '"1970-01-01T00:00:00Z"';
