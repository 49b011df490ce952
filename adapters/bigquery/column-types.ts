import type { ColumnType, ScalarColumnType } from '../../domain/data/columns.ts';
import { elementType } from '../../domain/features/value-types.ts';
import type { ValueType } from '../../domain/features/value-types.ts';

/**
 * BigQuery's types that can be read, by both of their names: the API writes the older ones into schemas (cloud.google.com/bigquery/docs/reference/rest/v2/tables, TableFieldSchema),
 * SQL the newer ones. With the family that decides how they convert.
 */
const NATIVE_TYPES = {
  BOOL: { family: 'bool', type: 'Bool' }, BOOLEAN: { family: 'bool', type: 'Bool' },
  INT64: { family: 'int64', type: 'Int64' }, INTEGER: { family: 'int64', type: 'Int64' },
  FLOAT64: { family: 'float64', type: 'Float64' }, FLOAT: { family: 'float64', type: 'Float64' },
  NUMERIC: { family: 'numeric', type: 'Decimal' }, BIGNUMERIC: { family: 'numeric', type: 'Decimal' },
  STRING: { family: 'string', type: 'String' },
  BYTES: { family: 'bytes', type: 'Bytes' },
  DATE: { family: 'date', type: 'Timestamp' }, DATETIME: { family: 'datetime', type: 'Timestamp' }, TIMESTAMP: { family: 'timestamp', type: 'Timestamp' },
  JSON: { family: 'json', type: 'Json' },
} as const satisfies Record<string, { family: string; type: ScalarColumnType }>;

export type ElementFamily = (typeof NATIVE_TYPES)[keyof typeof NATIVE_TYPES]['family'];
export type NativeFamily = ElementFamily | `${ElementFamily}[]`;

/** A column of a table or query as BigQuery has it. */
export interface NativeColumn {
  readonly name: string;
  /** As SQL writes it, for messages. */
  readonly nativeType: string;
  /** undefined: a type that cannot be read (STRUCT, GEOGRAPHY, TIME, ...). */
  readonly family: NativeFamily | undefined;
  /** Of a table's column: the type that is the same as BigQuery's. Of a query's: the type it is read as. */
  readonly type: ColumnType | undefined;
}

/** A field of a schema as BigQuery's API gives it. */
export interface SchemaField {
  readonly name?: string | undefined;
  readonly type?: string | undefined;
  readonly mode?: string | undefined;
}

const SQL_NAMES: Readonly<Record<string, string>> = { BOOLEAN: 'BOOL', INTEGER: 'INT64', FLOAT: 'FLOAT64', RECORD: 'STRUCT' };

/** A column of a table. */
export function nativeColumn({ name = '', type = '', mode }: SchemaField): NativeColumn {
  const known = type in NATIVE_TYPES ? NATIVE_TYPES[type as keyof typeof NATIVE_TYPES] : undefined;
  const sqlName = SQL_NAMES[type] ?? type;
  if (mode !== 'REPEATED') return { name, nativeType: sqlName, family: known?.family, type: known?.type };
  // There are no lists of microseconds: a list of instants is one of whole seconds.
  const element = known?.type === 'Timestamp' ? 'UnixTimestamp' : known?.type;
  return { name, nativeType: `ARRAY<${sqlName}>`, family: known === undefined ? undefined : `${known.family}[]`, type: element === undefined ? undefined : `Array(${element})` };
}

/** A column of a query, for which nothing is declared: NUMERIC is read as a number that a model can use; a list of instants not at all, since it would lose its fractions of seconds. */
export function queryColumn(field: SchemaField): NativeColumn {
  const column = nativeColumn(field);
  return { ...column, type: column.family !== undefined && UNDECLARED.has(column.family) ? UNDECLARED.get(column.family) : column.type };
}

const UNDECLARED: ReadonlyMap<NativeFamily, ColumnType | undefined> = new Map([
  ['numeric', 'Float64'], ['numeric[]', 'Array(Float64)'], ['timestamp[]', undefined], ['datetime[]', undefined], ['date[]', undefined],
]);

const INSTANTS: readonly ElementFamily[] = ['timestamp', 'datetime', 'date'];

/**
 * The families that become a type. What is not here is refused: fractions would be lost (float to integer), or a number would become text. BigQuery has no types for uuids: they
 * are text there, and the reader refuses what is none. Nor has it decimals of more than 38 digits before the point, which may stand in a STRING.
 */
const CONVERSIONS: { readonly [T in ScalarColumnType]: readonly ElementFamily[] } = {
  Bool: ['bool'],
  Int32: ['int64'],
  Int64: ['int64'],
  Float32: ['int64', 'float64', 'numeric'],
  Float64: ['int64', 'float64', 'numeric'],
  String: ['string'],
  Bytes: ['bytes'],
  UnixTimestamp: [...INSTANTS, 'int64'],
  Decimal: ['int64', 'numeric', 'string'],
  Uuid: ['string'],
  Json: ['json'],
  Timestamp: INSTANTS,
};

/** Whether values of the family become values of the type without loss (`arrow-columns.ts` does it). */
export function converts(family: NativeFamily, to: ColumnType): boolean {
  const element = to === 'Timestamp' ? undefined : elementType(to as ValueType);
  if (element === undefined) return isElementFamily(family) && CONVERSIONS[to as ScalarColumnType].includes(family);
  const from = elementFamily(family);
  return from !== undefined && CONVERSIONS[element].includes(from);
}

/** The type in which each column type is stored in tables of our own. */
export const STORED_TYPES: Readonly<Record<ScalarColumnType, string>> = {
  Bool: 'BOOL', Int32: 'INT64', Int64: 'INT64', Float32: 'FLOAT64', Float64: 'FLOAT64', String: 'STRING', Bytes: 'BYTES', UnixTimestamp: 'INT64', Decimal: 'STRING', Uuid: 'STRING', Json: 'JSON', Timestamp: 'TIMESTAMP',
};

export function isInstant(family: NativeFamily | undefined): family is 'timestamp' | 'datetime' | 'date' {
  return family === 'timestamp' || family === 'datetime' || family === 'date';
}

function isElementFamily(family: NativeFamily): family is ElementFamily {
  return !family.endsWith('[]');
}

/** The family of an array's elements; undefined for what is no array. */
export function elementFamily(family: NativeFamily): ElementFamily | undefined {
  return isElementFamily(family) ? undefined : (family.slice(0, -2) as ElementFamily);
}
