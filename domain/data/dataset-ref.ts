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
  /** What writing it cost, where the warehouse bills by bytes and something had to run. */
  readonly usage?: QueryUsage;
}

/** What queries cost in a warehouse that bills by the bytes that they process. */
export interface QueryUsage {
  readonly bytesProcessed: number;
  /** What is billed of them: none for a result that was kept, and at least some for each table. */
  readonly bytesBilled: number;
}

/** A training set, and what its queries cost: those of the spine and of the join. */
export interface TrainingSetRef extends DatasetRef {
  readonly usage?: QueryUsage;
}

/** The sum; undefined where none of them is known. */
export function totalUsage(usages: readonly (QueryUsage | undefined)[]): QueryUsage | undefined {
  const known = usages.filter((usage) => usage !== undefined);
  if (known.length === 0) return undefined;
  return { bytesProcessed: known.reduce((sum, { bytesProcessed }) => sum + bytesProcessed, 0), bytesBilled: known.reduce((sum, { bytesBilled }) => sum + bytesBilled, 0) };
}

/** Consecutive rows `start` (included) to `end` (excluded) of a data set in its order. */
export interface RowRange {
  readonly start: number;
  readonly end: number;
}
