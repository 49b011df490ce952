import type { FeatureValue } from '../domain/features/value-types.ts';

/** The value as JSON holds it: integers beyond 2^53 and special numbers as text, bytes in base64. */
export function plainValue(value: FeatureValue): unknown {
  if (typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value))) return String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  return Array.isArray(value) ? value.map((item) => plainValue(item as FeatureValue)) : value;
}

/** The value for a cell of a table: short. */
export function showValue(value: FeatureValue): string {
  const shown = plainValue(value);
  const text = typeof shown === 'string' ? shown : Object.is(shown, -0) ? '-0' : JSON.stringify(shown);
  return text.length > 40 ? `${text.slice(0, 37)}...` : text;
}
