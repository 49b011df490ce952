import { columnFromArray, float64, int64, tableFromColumns, tableToIPC, timestamp, TimeUnit, utf8 } from '@uwdata/flechette';
import type { Column } from '@uwdata/flechette';
import type { ColumnType } from '../../domain/data/columns.ts';
import { FEATURES, wideEvent, wideValue } from './wide-table.ts';

/** Rows in a message of the read API, and those in a page of tabledata.list. */
export const MESSAGE_ROWS = 4096;
export const PAGE_ROWS = 10_000;

/** A column of the tables that the stand-in for BigQuery holds: its value in each row, counted from 0. */
export interface StubColumn {
  readonly name: string;
  readonly type: Extract<ColumnType, 'Int64' | 'Float64' | 'String' | 'Timestamp'>;
  /** Text, or a number (of a Timestamp: microseconds). */
  value(row: number): string | number;
}

const REGIONS = ['north', 'east', 'south', 'west', 'centre'];

/** What a training set may look like: keys, an instant, whole numbers, floats and texts. */
export const DATASET: readonly StubColumn[] = [
  { name: 'customer_id', type: 'Int64', value: (row) => (row * 7919) % 1_000_003 },
  { name: 'product_id', type: 'Int64', value: (row) => row % 5003 },
  { name: 'event_timestamp', type: 'Timestamp', value: (row) => 1_750_000_000_000_000 + row * 1_001_000 },
  { name: 'region', type: 'String', value: (row) => REGIONS[row % 5]! },
  { name: 'device', type: 'String', value: (row) => `device-${row % 997}` },
  { name: 'session', type: 'String', value: (row) => `session-${(row * 31) % 100_003}` },
  { name: 'visits', type: 'Int64', value: (row) => row % 365 },
  { name: 'clicks', type: 'Int64', value: (row) => (row * 13) % 10_007 },
  ...['amount', 'balance', 'distance', 'share'].map((name, i): StubColumn => ({ name, type: 'Float64', value: (row) => row / (i + 3) })),
];

/** The rows of makeWideTable, as the query of the newest rows gives them: columns in its order, by its names. */
export const NEWEST: readonly StubColumn[] = [
  { name: 'k0', type: 'Int64', value: (row) => row },
  ...FEATURES.map((_, i): StubColumn => ({ name: `f${i}`, type: 'Float64', value: (row) => wideValue(row, i) })),
  { name: 'e', type: 'Timestamp', value: wideEvent },
  { name: 'c', type: 'Timestamp', value: wideEvent },
];

/** Schema and record batch messages of Arrow of the rows from `start`, with their numbers. */
export function arrowMessages(columns: readonly StubColumn[], start: number, rowCount: number): readonly [schema: Uint8Array, batch: Uint8Array] {
  const numbered: readonly StubColumn[] = [{ name: 'row_number', type: 'Int64', value: (row) => row }, ...columns];
  const ipc = tableToIPC(tableFromColumns(Object.fromEntries(numbered.map((column) => [column.name, arrowColumn(column, start, rowCount)]))), { format: 'stream' })!;
  const schemaEnd = 8 + new DataView(ipc.buffer, ipc.byteOffset).getInt32(4, true);
  return [ipc.subarray(0, schemaEnd), ipc.subarray(schemaEnd)];
}

function arrowColumn({ type, value }: StubColumn, start: number, rowCount: number): Column<unknown> {
  const values = Array.from({ length: rowCount }, (_, i) => value(start + i));
  if (type === 'String') return columnFromArray(values, utf8());
  if (type === 'Float64') return columnFromArray(Float64Array.from(values as number[]), float64());
  if (type === 'Timestamp') return columnFromArray((values as number[]).map((micros) => micros / 1000), timestamp(TimeUnit.MICROSECOND, 'UTC')); // it takes milliseconds: those of the columns are whole
  return columnFromArray(BigInt64Array.from(values as number[], BigInt), int64());
}

/** A page of tabledata.list (cloud.google.com/bigquery/docs/reference/rest/v2/tabledata/list); instants as the client asks for them, in microseconds. */
export function jsonPage(columns: readonly StubColumn[], start: number, rowCount: number, total: number): string {
  const rows = Array.from({ length: rowCount }, (_, i) => ({ f: columns.map(({ value }) => ({ v: String(value(start + i)) })) }));
  return JSON.stringify({ kind: 'bigquery#tableDataList', totalRows: String(total), rows, ...(start + rowCount < total ? { pageToken: String(start + rowCount) } : {}) });
}

const NATIVE = { Int64: 'INTEGER', Float64: 'FLOAT', String: 'STRING', Timestamp: 'TIMESTAMP' } as const;

/** Fields of a table as the API gives them. */
export function jsonFields(columns: readonly Pick<StubColumn, 'name' | 'type'>[]): object[] {
  return columns.map(({ name, type }) => ({ name, type: NATIVE[type], mode: 'NULLABLE' }));
}
