import type { ColumnType, ScalarColumnType } from '../../domain/data/columns.ts';
import { elementType } from '../../domain/features/value-types.ts';
import type { PrimitiveType, ValueType } from '../../domain/features/value-types.ts';

/** PostgreSQL's built-in types that can be read, by OID and the OID of their arrays (pg_type.dat), with the family that decides how they convert. */
const NATIVE_TYPES = [
  { oid: 16, array: 1000, family: 'bool', type: 'Bool' },
  { oid: 17, array: 1001, family: 'bytea', type: 'Bytes' },
  { oid: 18, array: 1002, family: 'othertext', type: 'String' }, // "char"
  { oid: 19, array: 1003, family: 'othertext', type: 'String' }, // name
  { oid: 20, array: 1016, family: 'int8', type: 'Int64' },
  { oid: 21, array: 1005, family: 'int', type: 'Int32' },
  { oid: 23, array: 1007, family: 'int', type: 'Int32' },
  { oid: 25, array: 1009, family: 'text', type: 'String' },
  { oid: 114, array: 199, family: 'json', type: 'Json' },
  { oid: 700, array: 1021, family: 'float4', type: 'Float32' },
  { oid: 701, array: 1022, family: 'float8', type: 'Float64' },
  { oid: 1042, array: 1014, family: 'bpchar', type: 'String' }, // char(n)
  { oid: 1043, array: 1015, family: 'text', type: 'String' },
  { oid: 1082, array: 1182, family: 'date', type: 'Timestamp' },
  { oid: 1114, array: 1115, family: 'timestamp', type: 'Timestamp' },
  { oid: 1184, array: 1185, family: 'timestamptz', type: 'Timestamp' },
  { oid: 1700, array: 1231, family: 'numeric', type: 'Decimal' },
  { oid: 2950, array: 2951, family: 'uuid', type: 'Uuid' },
  { oid: 3802, array: 3807, family: 'json', type: 'Json' }, // jsonb
] as const satisfies readonly { oid: number; array: number; family: string; type: ScalarColumnType }[];

export type ElementFamily = (typeof NATIVE_TYPES)[number]['family'];
export type NativeFamily = ElementFamily | `${ElementFamily}[]`;

/** A column of a table or query as PostgreSQL has it. */
export interface NativeColumn {
  readonly name: string;
  /** As `format_type` writes it, for messages. */
  readonly nativeType: string;
  /** undefined: a type that cannot be read (ranges, hstore, ...). */
  readonly family: NativeFamily | undefined;
  /** Of a table's column: the type that is the same as PostgreSQL's. Of a query's: the type it is read as. */
  readonly type: ColumnType | undefined;
}

const NATIVE: ReadonlyMap<number, { readonly family: NativeFamily; readonly type: ColumnType }> = new Map(
  NATIVE_TYPES.flatMap(({ oid, array, family, type }): (readonly [number, { readonly family: NativeFamily; readonly type: ColumnType }])[] => [
    [oid, { family, type }],
    // There are no lists of microseconds: a list of instants is one of whole seconds.
    [array, { family: `${family}[]`, type: `Array(${type === 'Timestamp' ? 'UnixTimestamp' : type})` }],
  ]),
);

/** A column of a table. */
export function nativeColumn(name: string, oid: number, nativeType: string): NativeColumn {
  const known = NATIVE.get(oid);
  return { name, nativeType, family: known?.family, type: known?.type };
}

/** A column of a query, for which nothing is declared: NUMERIC is read as a number that a model can use, a uuid as text; a list of instants not at all, since it would lose its fractions of seconds. */
export function queryColumn(name: string, oid: number, nativeType: string): NativeColumn {
  const column = nativeColumn(name, oid, nativeType);
  return { ...column, type: column.family === undefined ? undefined : UNDECLARED.has(column.family) ? UNDECLARED.get(column.family) : column.type };
}

const UNDECLARED: ReadonlyMap<NativeFamily, ColumnType | undefined> = new Map([
  ['numeric', 'Float64'], ['numeric[]', 'Array(Float64)'], ['uuid', 'String'], ['uuid[]', 'Array(String)'], ['timestamptz[]', undefined], ['timestamp[]', undefined], ['date[]', undefined],
]);

const ZONE = " AT TIME ZONE 'UTC'";
const same = (sql: string): string => sql;
const cast = (to: string) => (sql: string): string => `(${sql})::${to}`;
/** Infinity has no whole seconds: the greatest number stands for it, which the reader refuses with the column's name. */
const wholeSeconds = (sql: string): string => `CASE WHEN isfinite(${sql}) THEN floor(extract(epoch FROM (${sql})))::int8 WHEN ${sql} IS NOT NULL THEN 9223372036854775807 END`;
/** The smallest number is "not a time" (domain/features/canonical.ts). */
const seconds = (sql: string): string => `nullif(${sql}, '-9223372036854775808'::int8)`;

/**
 * How a value of a family becomes a value of a column type, as SQL. What is not here is refused: fractions would be lost (float to integer), a text would have to be parsed, or a
 * number would become text (a NUMERIC has a type of its own, Decimal).
 * Float32 from float8 stays float8 here, since PostgreSQL refuses what underflows; the reader rounds once (copy-decoder.ts). numeric to float4 is parsed from decimal text, so it
 * rounds once too. The zone of a timestamp without one is UTC.
 */
const CONVERSIONS: { readonly [T in ScalarColumnType]: { readonly [F in ElementFamily]?: (sql: string) => string } } = {
  Bool: { bool: same },
  Int32: { int: cast('int4'), int8: cast('int4') },
  Int64: { int: cast('int8'), int8: same },
  Float32: { int: cast('float4'), int8: cast('float4'), float4: same, float8: same, numeric: cast('float4') },
  Float64: { int: cast('float8'), int8: cast('float8'), float4: cast('float8'), float8: same, numeric: cast('float8') },
  String: { text: same, othertext: cast('text'), bpchar: cast('text'), uuid: cast('text') },
  Bytes: { bytea: same },
  UnixTimestamp: { timestamptz: wholeSeconds, timestamp: wholeSeconds, date: wholeSeconds, int: cast('int8'), int8: seconds },
  Decimal: { int: cast('text'), int8: cast('text'), numeric: (sql) => `trim_scale(${sql})::text` },
  Uuid: { uuid: cast('text') },
  Json: { json: cast('json') },
  Timestamp: { timestamptz: same, timestamp: (sql) => `(${sql})${ZONE}`, date: (sql) => `(${sql})::timestamp${ZONE}` },
};

/** SQL that makes `sql`, a value of the family, a value of the declared type; undefined when there is no conversion that keeps the value. */
export function conversion(family: NativeFamily, to: ColumnType, sql: string): string | undefined {
  const [element, from] = [elementOf(to), elementFamily(family)];
  if (element === undefined) return isElementFamily(family) ? CONVERSIONS[to as ScalarColumnType][family]?.(sql) : undefined;
  if (from === undefined || CONVERSIONS[element][from] === undefined) return undefined;
  if (from === 'date') return `(${sql})::timestamp[]`;
  return isInstant(from) || (element === 'Float32' && from === 'float8') ? sql : `(${sql})::${WIRE_TYPES[element]}[]`;
}

/** How values travel in COPY's binary format, one by one or in arrays. */
export type ElementWire = 'bool' | 'int4' | 'int8' | 'float4' | 'float8' | 'text' | 'json' | 'bytea' | 'timestamptz';
export type WireType = ElementWire | `${ElementWire}[]`;

/** How a column travels: 8 bytes of float for a Float32 that comes from float8, microseconds for a list of instants, otherwise as its type says. */
export function wireType(family: NativeFamily, to: ColumnType): WireType {
  const [element, from] = [elementOf(to), elementFamily(family)];
  if (element === undefined) return to === 'Float32' ? (family === 'float8' ? 'float8' : 'float4') : WIRE_TYPES[to];
  if (element === 'Float32') return from === 'float8' ? 'float8[]' : 'float4[]';
  return isInstant(from) ? 'timestamptz[]' : WIRE_TYPES[to];
}

const ELEMENT_WIRES = {
  Bool: 'bool', Int32: 'int4', Int64: 'int8', Float32: 'float4', Float64: 'float8', String: 'text', Bytes: 'bytea', UnixTimestamp: 'int8', Decimal: 'text', Uuid: 'text', Json: 'json', Timestamp: 'timestamptz',
} as const satisfies Record<ScalarColumnType, ElementWire>;

/** The PostgreSQL type in which each column type is stored in tables of our own. */
export const WIRE_TYPES: Readonly<Record<ColumnType, WireType>> = Object.fromEntries(
  Object.entries(ELEMENT_WIRES).flatMap(([type, wire]) => [[type, wire], [`Array(${type})`, `${wire}[]`]]),
) as Record<ColumnType, WireType>;

export function isInstant(family: NativeFamily | undefined): family is 'timestamptz' | 'timestamp' | 'date' {
  return family === 'timestamptz' || family === 'timestamp' || family === 'date';
}

function elementOf(type: ColumnType): PrimitiveType | undefined {
  return elementType(type as ValueType); // of a Timestamp too: it is no list
}

export function isElementFamily(family: NativeFamily): family is ElementFamily {
  return !family.endsWith('[]');
}

/** The family of an array's elements; undefined for what is no array. */
export function elementFamily(family: NativeFamily): ElementFamily | undefined {
  return isElementFamily(family) ? undefined : (family.slice(0, -2) as ElementFamily);
}
