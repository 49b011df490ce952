import type { ColumnSchema } from './columns.ts';

/** A data set by reference: what workflows pass instead of rows. */
export interface DatasetRef {
  /** Where the Parquet file lies: `file:///...` or `gs://...`. */
  readonly uri: string;
  readonly rowCount: number;
  readonly schema: readonly ColumnSchema[];
  /** SHA-256 (hex) over the canonical contents of all columns in row order; the same for the same rows whatever the file's layout. */
  readonly hash: string;
}

/** A spine that was written to the warehouse: `rowCount` rows numbered 0.. in its `row_number` column. */
export interface SpineRef {
  /** `spine_data.<name>`. */
  readonly table: string;
  readonly rowCount: number;
  readonly schema: readonly ColumnSchema[];
  /** As of: no row of the spine is later than this instant (microseconds since the epoch). */
  readonly asOfMicros: number;
}

/** Consecutive rows `start` (included) to `end` (excluded) of a data set in its order. */
export interface RowRange {
  readonly start: number;
  readonly end: number;
}
