import type { ColumnSchema, RecordBatch } from '../domain/data/columns.ts';
import type { DatasetRef, RowRange } from '../domain/data/dataset-ref.ts';

/** Data sets as Parquet files. Streams in row groups: memory does not grow with the number of rows. */
export interface DatasetStore {
  /**
   * Writes the batches in order to `uri` (from ArtifactStore.uri); the file appears when it is whole.
   * Every batch has exactly the columns of `schema`, in its order (INVALID_DATA otherwise). `onRows` is told the rows written so far.
   */
  write(uri: string, schema: readonly ColumnSchema[], batches: AsyncIterable<RecordBatch>, onRows?: (rows: number) => void): Promise<DatasetRef>;
  /** Reads the columns (default: all) of the rows (default: all) in order. */
  read(ref: DatasetRef, options?: { readonly columns?: readonly string[]; readonly rows?: RowRange }): AsyncIterable<RecordBatch>;
}
