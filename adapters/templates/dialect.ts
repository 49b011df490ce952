/** Column types that a template can name, under the names of dbt's `type_...` macros. */
export type SqlTypeName = 'int' | 'bigint' | 'float' | 'numeric' | 'string' | 'boolean' | 'date' | 'timestamp';

export const FIXED_UNITS = ['microsecond', 'millisecond', 'second', 'minute', 'hour', 'day', 'week'] as const;
/** A unit of fixed length in UTC: a day is 24 hours, a week begins on Monday. */
export type FixedUnit = (typeof FIXED_UNITS)[number];

export const CALENDAR_UNITS = ['second', 'minute', 'hour', 'day', 'week', 'month', 'quarter', 'year'] as const;
/** A unit that an instant can be cut down to; a week begins on Monday. */
export type CalendarUnit = (typeof CALENDAR_UNITS)[number];

export const DATE_PARTS = ['year', 'quarter', 'month', 'day', 'dayofyear', 'weekday', 'hour', 'minute', 'second'] as const;
/** A whole number read off a wall clock and its calendar; `weekday` is 1 on Monday and 7 on Sunday. */
export type DatePart = (typeof DATE_PARTS)[number];

/**
 * What a warehouse's SQL says for each macro of docs/loader-sql.md. Arguments are SQL expressions that are safe to set side by side with operators; results are too.
 * All instants are zoned timestamps (`timestamptz`, BigQuery's TIMESTAMP); a zone is an expression for an IANA name.
 */
export interface SqlDialect {
  /** Where the names of `source(name, table)` and of `ref(table)` (as `feature_mart`) lie: name -> schema or dataset. */
  readonly schemas: Readonly<Record<string, string>>;
  readonly types: Readonly<Record<SqlTypeName, string>>;
  /** Whether a backslash escapes the next character in every string literal. */
  readonly backslashEscapes: boolean;
  /** How the query text names its nth value, counted from 1. */
  placeholder(position: number): string;
  table(schema: string, table: string): string;
  dateAdd(unit: FixedUnit, amount: string, instant: string): string;
  /** Number of unit boundaries between two instants, in UTC; negative when the second is earlier. */
  dateDiff(unit: FixedUnit, first: string, second: string): string;
  /** The instant at which the unit began that `instant` lies in, on the clocks of the zone. */
  dateTrunc(unit: CalendarUnit, instant: string, zone: string): string;
  /** A 64-bit integer. */
  extractPart(part: DatePart, instant: string, zone: string): string;
  /** What the zone's clocks show: a timestamp without zone. */
  atTimeZone(instant: string, zone: string): string;
  /** The instant at which the zone's clocks show a date (its midnight) or a timestamp without zone. Where they show it never or twice, warehouses differ. */
  instantAt(clock: string, zone: string): string;
  /** A table of the whole numbers from the first to the last, none where the last is smaller; its alias names its column. The numbers may be of the tables before it. */
  wholeNumbers(first: string, last: string): string;
}
