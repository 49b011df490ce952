import { suggestion } from '../../domain/nearest.ts';
import { CALENDAR_UNITS, DATE_PARTS, FIXED_UNITS, type CalendarUnit, type DatePart, type FixedUnit, type SqlDialect, type SqlTypeName } from './dialect.ts';

/** What a macro is given for an argument: an SQL expression; or text that the template itself spells out (a unit, a name, a zone). */
export type Argument =
  | { readonly kind: 'sql' }
  | { readonly kind: 'type' }
  | { readonly kind: 'zone'; readonly default?: string }
  | { readonly kind: 'word'; readonly words: (dialect: SqlDialect) => readonly string[]; readonly what: string }
  | { readonly kind: 'name' };

export interface Macro {
  /** Arguments by name, in order. */
  readonly parameters: Readonly<Record<string, Argument>>;
  /** What the result is: an SQL expression or table, or a type for `cast`. */
  readonly result: 'sql' | 'type';
  /** SQL from the arguments, all checked, in order. */
  build(dialect: SqlDialect, args: readonly string[], asOf: () => string): string;
}

const sql = { kind: 'sql' } as const;
const zone = { kind: 'zone' } as const;
const unit = (words: readonly string[], what: string): Argument => ({ kind: 'word', words: () => words, what });

function macro(parameters: Macro['parameters'], build: (dialect: SqlDialect, ...args: string[]) => string): Macro {
  return { parameters, result: 'sql', build: (dialect, args) => build(dialect, ...args) };
}

function typeMacro(name: SqlTypeName): Macro {
  return { parameters: {}, result: 'type', build: (dialect) => dialect.types[name] };
}

/** Every macro of loader SQL, by name; docs/loader-sql.md describes them. Names and order of arguments are dbt's where dbt has the macro. */
export const MACROS: Readonly<Record<string, Macro>> = {
  source: macro({ source_name: { kind: 'word', words: (dialect) => Object.keys(dialect.schemas), what: 'source' }, table_name: { kind: 'name' } }, (dialect, source, table) =>
    dialect.table(dialect.schemas[source!]!, table!),
  ),
  ref: macro({ model_name: { kind: 'name' } }, (dialect, table) => dialect.table(dialect.schemas['feature_mart']!, table!)),
  as_of: { parameters: {}, result: 'sql', build: (_dialect, _args, asOf) => asOf() },
  dateadd: macro({ datepart: unit(FIXED_UNITS, 'unit'), interval: sql, from_date_or_timestamp: sql }, (dialect, part, amount, from) =>
    dialect.dateAdd(part as FixedUnit, amount!, from!),
  ),
  datediff: macro({ first_date: sql, second_date: sql, datepart: unit(FIXED_UNITS, 'unit') }, (dialect, first, second, part) => dialect.dateDiff(part as FixedUnit, first!, second!)),
  date_trunc: macro({ datepart: unit(CALENDAR_UNITS, 'unit'), date: sql, time_zone: { kind: 'zone', default: 'UTC' } }, (dialect, part, instant, timeZone) =>
    dialect.dateTrunc(part as CalendarUnit, instant!, timeZone!),
  ),
  extract_part: macro({ part: unit(DATE_PARTS, 'part of a date'), timestamp: sql, time_zone: zone }, (dialect, part, instant, timeZone) =>
    dialect.extractPart(part as DatePart, instant!, timeZone!),
  ),
  at_time_zone: macro({ timestamp: sql, time_zone: zone }, (dialect, instant, timeZone) => dialect.atTimeZone(instant!, timeZone!)),
  instant_at: macro({ clock_time: sql, time_zone: zone }, (dialect, clock, timeZone) => dialect.instantAt(clock!, timeZone!)),
  whole_numbers: macro({ first: sql, last: sql }, (dialect, first, last) => dialect.wholeNumbers(first!, last!)),
  cast: macro({ field: sql, type: { kind: 'type' } }, (_dialect, field, type) => `CAST(${field} AS ${type})`),
  type_int: typeMacro('int'),
  type_bigint: typeMacro('bigint'),
  type_float: typeMacro('float'),
  type_numeric: typeMacro('numeric'),
  type_string: typeMacro('string'),
  type_boolean: typeMacro('boolean'),
  type_date: typeMacro('date'),
  type_timestamp: typeMacro('timestamp'),
};

/** Why the text cannot be this argument; undefined when it can. */
export function textProblem(argument: Argument, text: string, dialect: SqlDialect): string | undefined {
  switch (argument.kind) {
    case 'word': {
      const words = argument.words(dialect);
      return words.includes(text) ? undefined : `there is no ${argument.what} "${text}". ${suggestion(text, words)}`;
    }
    case 'name':
      return /^[A-Za-z_]\w{0,62}$/.test(text) ? undefined : `"${text}" cannot name a table: letters, digits and "_" only.`;
    case 'zone':
      return isTimeZone(text) ? undefined : `"${text}" is no IANA time zone such as America/New_York.`;
    default:
      return undefined;
  }
}

function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z][\w+/-]*$/.test(name)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
