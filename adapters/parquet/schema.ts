import type { ParquetType, SchemaElement } from 'hyparquet';
import type { ColumnSchema, ScalarColumnType } from '../../domain/data/columns.ts';
import { elementType } from '../../domain/features/value-types.ts';

const UTC_MICROS = { type: 'INT64', converted_type: 'TIMESTAMP_MICROS', logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' } } as const;
const TEXT = { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } } as const;

/** Parquet's type for each column type (parquet-format, LogicalTypes.md). Parquet has no whole seconds: a UnixTimestamp is kept in microseconds too. Its decimals have one scale for a column, so ours are text. */
const ELEMENTS: { readonly [T in ScalarColumnType]: Pick<SchemaElement, 'type' | 'converted_type' | 'logical_type'> } = {
  Bool: { type: 'BOOLEAN' },
  Int32: { type: 'INT32' },
  Int64: { type: 'INT64' },
  Float32: { type: 'FLOAT' },
  Float64: { type: 'DOUBLE' },
  String: TEXT,
  Bytes: { type: 'BYTE_ARRAY' },
  UnixTimestamp: UTC_MICROS,
  Timestamp: UTC_MICROS,
  Decimal: TEXT,
  Uuid: TEXT,
  Json: TEXT,
};

/** How Parquet stores a single value of the type. */
export function physicalType(type: ScalarColumnType): ParquetType {
  return ELEMENTS[type].type!;
}

/** The schema of the file: one optional column each, in order; a list in three levels (LogicalTypes.md, "Lists"), its elements never null. */
export function parquetSchema(schema: readonly ColumnSchema[]): SchemaElement[] {
  return [{ name: 'root', num_children: schema.length }, ...schema.flatMap(elementsOf)];
}

/** Whether the columns of the file (its schema without the root) are what the schema says. */
export function fitsSchema(schema: readonly ColumnSchema[], found: readonly SchemaElement[]): boolean {
  const wanted = schema.flatMap(elementsOf);
  return wanted.length === found.length && wanted.every(({ name, type, converted_type }, i) => found[i]?.name === name && found[i].type === type && found[i].converted_type === converted_type);
}

function elementsOf({ name, type }: ColumnSchema): SchemaElement[] {
  const element = type === 'Timestamp' ? undefined : elementType(type);
  if (element === undefined) return [{ name, repetition_type: 'OPTIONAL', ...ELEMENTS[type as ScalarColumnType] }];
  return [
    { name, repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST', logical_type: { type: 'LIST' } },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    { name: 'element', repetition_type: 'REQUIRED', ...ELEMENTS[element] },
  ];
}
