/** An instant: whole microseconds since 1970-01-01T00:00:00Z (UTC). */
export type Micros = number;

export const MICROS_PER_SECOND = 1_000_000;

/**
 * Reads an ISO 8601 instant; text without a zone is UTC. Up to six fraction digits count, further ones are dropped.
 * Returns undefined for anything else, days that no calendar has among it.
 */
export function parseInstant(text: string): Micros | undefined {
  const match = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?)?(Z|[+-]\d{2}(?::?\d{2})?)?$/.exec(text.trim());
  if (match === null) return undefined;
  const [, date, minutes = '00:00', seconds = '00', fraction = '', zone = 'Z'] = match;
  const offset = zone === 'Z' ? 'Z' : zone.length === 3 ? `${zone}:00` : zone.length === 5 ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone;
  const millis = Date.parse(`${date}T${minutes}:${seconds}${offset}`);
  // Date.parse takes the 30th of February for the 2nd of March.
  if (Number.isNaN(millis) || new Date(`${date}T00:00:00Z`).getUTCDate() !== Number(date!.slice(8))) return undefined;
  return millis * 1000 + Number(fraction.slice(0, 6).padEnd(6, '0'));
}

/** `2026-11-23T10:00:00.000000Z`: always six fraction digits, so that text order is time order. */
export function formatInstant(micros: Micros): string {
  const millis = Math.floor(micros / 1000);
  const rest = String(micros - millis * 1000).padStart(3, '0');
  return new Date(millis).toISOString().replace('Z', `${rest}Z`);
}
