import type { CalendarUnit, DatePart, FixedUnit, SqlDialect } from './dialect.ts';

/** SQL of BigQuery (GoogleSQL); values are named parameters `@p1`, `@p2`, ... */
export const bigqueryDialect: SqlDialect = {
  schemas: { raw: 'raw_events', feature_mart: 'feature_mart' },
  types: { int: 'INT64', bigint: 'INT64', float: 'FLOAT64', numeric: 'NUMERIC', string: 'STRING', boolean: 'BOOL', date: 'DATE', timestamp: 'TIMESTAMP' },
  backslashEscapes: true,
  placeholder: (position) => `@p${position}`,
  table: (schema, table) => `\`${schema}.${table}\``,
  // an interval of a TIMESTAMP is at most days
  dateAdd: (unit, amount, instant) => (unit === 'week' ? `TIMESTAMP_ADD(${instant}, INTERVAL (${amount} * 7) DAY)` : `TIMESTAMP_ADD(${instant}, INTERVAL ${amount} ${unit.toUpperCase()})`),
  dateDiff: (unit, first, second) =>
    unit === 'week'
      ? `DIV(TIMESTAMP_DIFF(${boundary('week', second)}, ${boundary('week', first)}, DAY), 7)`
      : `TIMESTAMP_DIFF(${boundary(unit, second)}, ${boundary(unit, first)}, ${unit.toUpperCase()})`,
  dateTrunc: (unit, instant, zone) => `TIMESTAMP_TRUNC(${instant}, ${granularity(unit)}, ${zone})`,
  extractPart: (part, instant, zone) => extractPart(part, `${instant} AT TIME ZONE ${zone}`),
  atTimeZone: (instant, zone) => `DATETIME(${instant}, ${zone})`,
  instantAt: (clock, zone) => `TIMESTAMP(${clock}, ${zone})`,
  wholeNumbers: (first, last) => `UNNEST(GENERATE_ARRAY(${first}, ${last}))`,
};

/** DAYOFWEEK counts from 1 on Sunday. */
function extractPart(part: DatePart, clock: string): string {
  return part === 'weekday' ? `(MOD(EXTRACT(DAYOFWEEK FROM ${clock}) + 5, 7) + 1)` : `EXTRACT(${part.toUpperCase()} FROM ${clock})`;
}

function boundary(unit: FixedUnit, instant: string): string {
  return unit === 'microsecond' ? instant : `TIMESTAMP_TRUNC(${instant}, ${granularity(unit)})`;
}

/** BigQuery's WEEK begins on Sunday, its ISOWEEK on Monday. */
function granularity(unit: CalendarUnit | FixedUnit): string {
  return unit === 'week' ? 'ISOWEEK' : unit.toUpperCase();
}
