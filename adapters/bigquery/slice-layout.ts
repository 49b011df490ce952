import { ROW_NUMBER } from '../../domain/data/spine-columns.ts';
import { quoteTableId, wholeNumberLiteral } from './sql.ts';
import type { TableId } from './sql.ts';

/** The column by which a result in slices is partitioned. */
export const PART = 'part';

/** A job may write into 4,000 partitions (cloud.google.com/bigquery/quotas, partitioned tables). */
export const MOST_PARTITIONS = 3000;

/**
 * How the rows of a result lie in partitions: each slice in `parts` of them, one after the other, `partRows` rows in each by the row's number in its slice. The last part of a slice
 * takes what is more than was expected.
 */
export interface SliceLayout {
  readonly slices: number;
  readonly parts: number;
  readonly partRows: number;
}

/** The layout for about so many rows, in parts of whole chunks. */
export function sliceLayout(rows: number, slices: number, chunk: number): SliceLayout {
  const chunks = Math.max(1, Math.ceil(rows / slices / chunk));
  const partRows = chunk * Math.ceil(chunks / Math.floor(MOST_PARTITIONS / slices));
  return { slices, parts: Math.ceil((chunks * chunk) / partRows), partRows };
}

/** The part of a row, from its columns `slice` and `row_number`. */
export function partSql({ parts, partRows }: SliceLayout): string {
  return `slice * ${wholeNumberLiteral(parts)} + LEAST(DIV(${ROW_NUMBER}, ${wholeNumberLiteral(partRows)}), ${wholeNumberLiteral(parts - 1)})`;
}

/** The part in which a chunk of a slice lies that begins at this number. */
export function partOf({ parts, partRows }: SliceLayout, slice: number, start: number): number {
  return slice * parts + Math.min(Math.floor(start / partRows), parts - 1);
}

export function slicePartitions({ slices, parts }: SliceLayout): object {
  return { rangePartitioning: { field: PART, range: { start: '0', end: String(slices * parts), interval: '1' } } };
}

/** How many rows each slice of the table has; a slice without rows is left out. */
export function sliceCountsSql({ parts }: SliceLayout, table: TableId): string {
  return `SELECT DIV(${PART}, ${wholeNumberLiteral(parts)}) AS slice, COUNT(*) AS row_count FROM ${quoteTableId(table)} GROUP BY slice`;
}
