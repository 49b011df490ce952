import type { FixedUnit, SqlDialect } from './dialect.ts';

const SECONDS: Readonly<Record<FixedUnit, string>> = { microsecond: '0.000001', millisecond: '0.001', second: '1', minute: '60', hour: '3600', day: '86400', week: '604800' };

/** SQL of PostgreSQL 15. Sessions speak UTC, so that a day added to a timestamptz is 24 hours. */
export const postgresDialect: SqlDialect = {
  schemas: { raw: 'raw_data', feature_mart: 'feature_mart' },
  types: { int: 'integer', bigint: 'bigint', float: 'double precision', numeric: 'numeric', string: 'text', boolean: 'boolean', date: 'date', timestamp: 'timestamp with time zone' },
  backslashEscapes: false,
  placeholder: (position) => `$${position}`,
  table: (schema, table) => `"${schema}"."${table}"`,
  dateAdd: (unit, amount, instant) => `(${instant} + ${amount} * INTERVAL '1 ${unit}')`,
  // extract(epoch) is numeric: exact to the microsecond
  dateDiff: (unit, first, second) => `CAST((${boundary(unit, second)} - ${boundary(unit, first)}) / ${SECONDS[unit]} AS bigint)`,
  dateTrunc: (unit, instant, zone) => `date_trunc('${unit}', ${instant}, ${zone})`,
  extractPart: (part, instant, zone) => `CAST(floor(extract(${PARTS[part] ?? part} FROM ${postgresDialect.atTimeZone(instant, zone)})) AS bigint)`,
  atTimeZone: (instant, zone) => `(${instant} AT TIME ZONE ${zone})`,
  // a date compared with a zone would become an instant first, in the session's zone
  instantAt: (clock, zone) => `(CAST(${clock} AS timestamp) AT TIME ZONE ${zone})`,
  wholeNumbers: (first, last) => `generate_series(${first}, ${last})`,
};

const PARTS: Readonly<Record<string, string>> = { weekday: 'isodow', dayofyear: 'doy' };

function boundary(unit: FixedUnit, instant: string): string {
  const plural = unit === 'microsecond' || unit === 'millisecond' ? `${unit}s` : unit;
  return `extract(epoch FROM date_trunc('${plural}', ${instant}, 'UTC'))`;
}
