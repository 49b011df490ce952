import type { SchemaElement } from 'hyparquet';
import type { ColumnSchema, ColumnType } from '../../domain/data/columns.ts';

const UTC_MICROS = { type: 'INT64', converted_type: 'TIMESTAMP_MICROS', logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' } } as const;

/** Parquet's type for each column type (parquet-format, LogicalTypes.md). Parquet has no whole seconds: a UnixTimestamp is kept in microseconds too. */
const ELEMENTS: { readonly [T in ColumnType]: Pick<SchemaElement, 'type' | 'converted_type' | 'logical_type'> } = {
  Bool: { type: 'BOOLEAN' },
  Int32: { type: 'INT32' },
  Int64: { type: 'INT64' },
  Float32: { type: 'FLOAT' },
  Float64: { type: 'DOUBLE' },
  String: { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
  Bytes: { type: 'BYTE_ARRAY' },
  UnixTimestamp: UTC_MICROS,
  Timestamp: UTC_MICROS,
};

/** The schema of the file: one optional column each, in order. */
export function parquetSchema(schema: readonly ColumnSchema[]): SchemaElement[] {
  return [
    { name: 'root', num_children: schema.length },
    ...schema.map(({ name, type }): SchemaElement => ({ name, repetition_type: 'OPTIONAL', ...ELEMENTS[type] })),
  ];
}

/** Whether a column of the file is what the schema says. */
export function fitsElement({ name, type }: ColumnSchema, element: SchemaElement | undefined): boolean {
  const wanted = ELEMENTS[type];
  return element?.name === name && element.type === wanted.type && element.converted_type === wanted.converted_type;
}
