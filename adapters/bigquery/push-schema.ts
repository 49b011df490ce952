import { adapt, protos } from '@google-cloud/bigquery-storage';
import { nativeColumn, type NativeColumn } from './column-types.ts';
import type { Wire } from './push-wire.ts';

/** How the Storage Write API takes each type (cloud.google.com/bigquery/docs/supported-data-types, "Supported protocol buffer data types"). Types that are not here are left as they are: null, or their default. */
const WIRES = {
  BOOL: 'varint', INT64: 'varint', DOUBLE: 'double', STRING: 'bytes', BYTES: 'bytes', TIMESTAMP: 'varint', DATE: 'varint', DATETIME: 'bytes', NUMERIC: 'bytes', BIGNUMERIC: 'bytes', JSON: 'bytes',
} as const satisfies Readonly<Record<string, Wire>>;

export type WriteType = keyof typeof WIRES;

/** A column that rows can be written to. */
export interface WriteColumn {
  readonly name: string;
  readonly type: WriteType;
  readonly wire: Wire;
  /** Number of its field in a row's message. */
  readonly field: number;
  readonly isList: boolean;
  readonly native: NativeColumn;
  /** Longest STRING in characters, longest BYTES; undefined: any length. */
  readonly maxLength: number | undefined;
  /** Of NUMERIC(precision, scale); undefined: the type's own. */
  readonly precision: number | undefined;
  readonly scale: number | undefined;
}

/** A table as rows are written to it. */
export interface WriteSchema {
  readonly columns: readonly WriteColumn[];
  /** All of its columns, those that cannot be written among them. */
  readonly native: readonly NativeColumn[];
  /** Columns that have to be in each row: REQUIRED, without a default. */
  readonly required: readonly string[];
  /** What the rows' messages are, as JSON. */
  readonly descriptor: Readonly<Record<string, unknown>>;
}

type StorageSchema = protos.google.cloud.bigquery.storage.v1.ITableSchema;
type StorageField = protos.google.cloud.bigquery.storage.v1.ITableFieldSchema;
const { Type, Mode } = protos.google.cloud.bigquery.storage.v1.TableFieldSchema;

/** The schema that a write stream comes with. */
export function writeSchema({ fields: given }: StorageSchema): WriteSchema {
  const fields = given ?? [];
  const writable = fields.filter((field) => typeOf(field) in WIRES);
  const columns = writable.map((field, index): WriteColumn => {
    const type = typeOf(field) as WriteType;
    return { name: field.name ?? '', type, wire: WIRES[type], field: index + 1, isList: modeOf(field) === 'REPEATED', native: nativeOf(field), maxLength: limit(field.maxLength), precision: limit(field.precision), scale: limit(field.precision) === undefined ? undefined : Number(field.scale ?? 0) };
  });
  const descriptor = adapt.convertStorageSchemaToProto2Descriptor({ fields: writable }, 'Row').toJSON();
  const required = fields.filter((field) => modeOf(field) === 'REQUIRED' && (field.defaultValueExpression ?? '') === '').map(({ name }) => name ?? '');
  return { columns, native: fields.map(nativeOf), required, descriptor };
}

function nativeOf(field: StorageField): NativeColumn {
  const type = typeOf(field);
  return nativeColumn({ name: field.name ?? '', type: type === 'DOUBLE' ? 'FLOAT64' : type, mode: modeOf(field) });
}

/** Enumerations come as names or as numbers, as the client was made. */
function typeOf({ type }: StorageField): string {
  return typeof type === 'number' ? Type[type] : (type ?? '');
}

function modeOf({ mode }: StorageField): string {
  return typeof mode === 'number' ? Mode[mode] : (mode ?? '');
}

/** 0 and nothing: no limit. */
function limit(value: unknown): number | undefined {
  const number = Number(value ?? 0);
  return number > 0 ? number : undefined;
}
