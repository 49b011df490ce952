import { elementType } from '../features/value-types.ts';
import type { ArrayType, PrimitiveType, ScalarValue, ValueType } from '../features/value-types.ts';

/** Types of data set columns: those of features, and `Timestamp`: an instant in UTC with microseconds. */
export type ColumnType = ValueType | 'Timestamp';
/** Types of columns with a single value in each row. */
export type ScalarColumnType = PrimitiveType | 'Timestamp';

export interface ColumnSchema {
  readonly name: string;
  readonly type: ColumnType;
}

/** The array that holds the values of a column of each type that has a single value in each row. */
export interface ScalarColumnArrays {
  readonly Bool: Uint8Array;
  readonly Int32: Int32Array;
  readonly Int64: BigInt64Array;
  readonly Float32: Float32Array;
  readonly Float64: Float64Array;
  readonly String: readonly string[];
  readonly Bytes: readonly Uint8Array[];
  /** Whole seconds since 1970-01-01T00:00:00Z. */
  readonly UnixTimestamp: Float64Array;
  /** Whole microseconds since 1970-01-01T00:00:00Z: exact up to the year 2255. */
  readonly Timestamp: Float64Array;
  readonly Decimal: readonly string[];
  readonly Uuid: readonly string[];
  readonly Json: readonly string[];
}

/** The values of a column of a type; the rows of an array column hold canonical elements (a boolean for a Bool), never null. */
export type ColumnArray<T extends ColumnType> = T extends ScalarColumnType ? ScalarColumnArrays[T] : readonly (readonly ScalarValue[])[];

/** A column of a batch. Where `nulls[i]` is 1 the row has no value, and `values[i]` is zero, empty or NaN and means nothing. */
export type Column = {
  readonly [T in ColumnType]: { readonly name: string; readonly type: T; readonly values: ColumnArray<T>; readonly nulls: Uint8Array | null };
}[ColumnType];
export type ScalarColumn = Extract<Column, { readonly type: ScalarColumnType }>;
export type ArrayColumn = Extract<Column, { readonly type: ArrayType }>;

/** Some consecutive rows, column by column; all columns have `rowCount` values. */
export interface RecordBatch {
  readonly rowCount: number;
  readonly columns: readonly Column[];
}

/** Whether a column holds an array in each row. */
export function isArrayColumn(column: Column): column is ArrayColumn {
  return column.type !== 'Timestamp' && elementType(column.type) !== undefined;
}

/** The column of that name; throws a RangeError when the batch has none (a programming error: schemas are checked before batches flow). */
export function columnOf(batch: RecordBatch, name: string): Column {
  const column = batch.columns.find((candidate) => candidate.name === name);
  if (column === undefined) throw new RangeError(`no column ${name} in ${batch.columns.map((c) => c.name).join(', ')}`);
  return column;
}
