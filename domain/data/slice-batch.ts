import type { Column, RecordBatch } from './columns.ts';

/** Rows `start` (included) to `end` (excluded) of a batch; typed arrays are views of the same memory. */
export function sliceBatch(batch: RecordBatch, start: number, end: number): RecordBatch {
  if (start === 0 && end === batch.rowCount) return batch;
  const slice = (column: Column): Column => {
    const nulls = column.nulls === null ? null : column.nulls.subarray(start, end);
    const values = ArrayBuffer.isView(column.values) ? column.values.subarray(start, end) : column.values.slice(start, end);
    return { ...column, nulls, values } as Column;
  };
  return { rowCount: end - start, columns: batch.columns.map(slice) };
}
