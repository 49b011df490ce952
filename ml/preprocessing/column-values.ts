import type { Column, ColumnType } from '../../domain/data/columns.ts';
import type { InputColumn } from '../../domain/model/preprocessor.ts';

const INPUT_TYPES: Readonly<Partial<Record<ColumnType, InputColumn['type']>>> = {
  Bool: 'number', Int32: 'number', Int64: 'number', Float32: 'number', Float64: 'number', UnixTimestamp: 'number', Timestamp: 'number', String: 'string',
};

/** How a model sees a column of that type: a number, text, or not at all (bytes, lists, decimals, uuids, JSON). */
export function inputTypeOf(type: ColumnType): InputColumn['type'] | undefined {
  return INPUT_TYPES[type];
}

/**
 * Rows `start` to `end` as float32, each value rounded once: booleans are 0 and 1, times count in the units of their column type (int64 goes through
 * float64). Missing is NaN. A fresh array or a view of the column: do not change it. RangeError for a column that is no number to a model.
 */
export function numbersOf(column: Column, start: number, end: number): Float32Array {
  if (inputTypeOf(column.type) !== 'number') throw new RangeError(`column ${column.name} is of type ${column.type}, not a number`);
  if (column.type === 'Float32' && column.nulls === null) return column.values.subarray(start, end);
  const numbers = new Float32Array(end - start);
  for (let i = start; i < end; i++) numbers[i - start] = column.nulls !== null && column.nulls[i] === 1 ? Number.NaN : Number(column.values[i]);
  return numbers;
}

/** Rows `start` to `end` as text; missing is the empty text, and so the empty text counts as missing. RangeError for other types. */
export function textsOf(column: Column, start: number, end: number): readonly string[] {
  if (column.type !== 'String') throw new RangeError(`column ${column.name} is of type ${column.type}, not text`);
  const { values, nulls } = column;
  if (nulls === null) return values.slice(start, end);
  return Array.from({ length: end - start }, (_, i) => (nulls[start + i] === 1 ? '' : values[start + i]!));
}
