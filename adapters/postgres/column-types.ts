import type { ColumnType } from '../../domain/data/columns.ts';
import type { ValueType } from '../../domain/features/value-types.ts';

/** PostgreSQL's built-in types that can be read, by OID (pg_type.dat), with the family that decides how they convert. */
const NATIVE_TYPES = {
  16: { family: 'bool', type: 'Bool' },
  17: { family: 'bytea', type: 'Bytes' },
  18: { family: 'othertext', type: 'String' }, // "char"
  19: { family: 'othertext', type: 'String' }, // name
  20: { family: 'int8', type: 'Int64' },
  21: { family: 'int', type: 'Int32' },
  23: { family: 'int', type: 'Int32' },
  25: { family: 'text', type: 'String' },
  700: { family: 'float4', type: 'Float32' },
  701: { family: 'float8', type: 'Float64' },
  1042: { family: 'bpchar', type: 'String' }, // char(n)
  1043: { family: 'text', type: 'String' },
  1082: { family: 'date', type: 'Timestamp' },
  1114: { family: 'timestamp', type: 'Timestamp' },
  1184: { family: 'timestamptz', type: 'Timestamp' },
  1700: { family: 'numeric', type: 'Float64' },
  2950: { family: 'uuid', type: 'String' },
} as const satisfies Record<number, { family: string; type: ColumnType }>;

export type NativeFamily = (typeof NATIVE_TYPES)[keyof typeof NATIVE_TYPES]['family'];

/** A column of a table or query as PostgreSQL has it. */
export interface NativeColumn {
  readonly name: string;
  /** As `format_type` writes it, for messages. */
  readonly nativeType: string;
  /** undefined: a type that cannot be read (json, arrays, ...). */
  readonly family: NativeFamily | undefined;
  /** The column type it is read as when nothing else is declared. */
  readonly type: ColumnType | undefined;
}

export function nativeColumn(name: string, oid: number, nativeType: string): NativeColumn {
  const known = (NATIVE_TYPES as Record<number, { family: NativeFamily; type: ColumnType }>)[oid];
  return { name, nativeType, family: known?.family, type: known?.type };
}

const ZONE = " AT TIME ZONE 'UTC'";
const same = (sql: string): string => sql;
const cast = (to: string) => (sql: string): string => `(${sql})::${to}`;
const wholeSeconds = (sql: string): string => `floor(extract(epoch FROM (${sql})))::int8`;
/** The smallest number is "not a time" (domain/features/canonical.ts). */
const seconds = (sql: string): string => `nullif(${sql}, '-9223372036854775808'::int8)`;

/**
 * How a value of a family becomes a value of a column type, as SQL. What is not here is refused: fractions would be lost (float to integer) or a text would have to be parsed.
 * Float32 from float8 stays float8 here, since PostgreSQL refuses what underflows; the reader rounds once (copy-decoder.ts). numeric to float4 is parsed from decimal text, so it
 * rounds once too. The zone of a timestamp without one is UTC.
 */
const CONVERSIONS: { readonly [T in ColumnType]: { readonly [F in NativeFamily]?: (sql: string) => string } } = {
  Bool: { bool: same },
  Int32: { int: cast('int4'), int8: cast('int4') },
  Int64: { int: cast('int8'), int8: same },
  Float32: { int: cast('float4'), int8: cast('float4'), float4: same, float8: same, numeric: cast('float4') },
  Float64: { int: cast('float8'), int8: cast('float8'), float4: cast('float8'), float8: same, numeric: cast('float8') },
  String: { text: same, othertext: cast('text'), bpchar: cast('text'), uuid: cast('text'), numeric: cast('text') },
  Bytes: { bytea: same },
  UnixTimestamp: { timestamptz: wholeSeconds, timestamp: wholeSeconds, date: wholeSeconds, int: cast('int8'), int8: seconds },
  Timestamp: { timestamptz: same, timestamp: (sql) => `(${sql})${ZONE}`, date: (sql) => `(${sql})::timestamp${ZONE}` },
};

/** SQL that makes `sql`, a value of the family, a value of the declared type; undefined when there is no conversion that keeps the value. */
export function conversion(family: NativeFamily, to: ColumnType, sql: string): string | undefined {
  return CONVERSIONS[to][family]?.(sql);
}

/** How the values of a column travel in COPY's binary format: 8 bytes of float for a Float32 that comes from float8, otherwise as its type says. */
export type WireType = 'bool' | 'int4' | 'int8' | 'float4' | 'float8' | 'text' | 'bytea' | 'timestamptz';

export function wireType(family: NativeFamily, to: ColumnType): WireType {
  if (to === 'Float32') return family === 'float8' ? 'float8' : 'float4';
  return WIRE_TYPES[to];
}

/** The PostgreSQL type in which each column type is stored in tables of our own. */
export const WIRE_TYPES = {
  Bool: 'bool', Int32: 'int4', Int64: 'int8', Float32: 'float4', Float64: 'float8', String: 'text', Bytes: 'bytea', UnixTimestamp: 'int8', Timestamp: 'timestamptz',
} as const satisfies Record<ColumnType, WireType>;

/** The column type of a declared feature or join key type; undefined for arrays, which data sets do not carry. */
export function scalarType(type: ValueType): ColumnType | undefined {
  return type.startsWith('Array(') ? undefined : (type as ColumnType);
}

export function isInstant(family: NativeFamily | undefined): family is 'timestamptz' | 'timestamp' | 'date' {
  return family === 'timestamptz' || family === 'timestamp' || family === 'date';
}
