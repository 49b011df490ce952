import type { RowRange } from '../domain/data/dataset-ref.ts';

/** A matrix of float32 as an NPY file: C order, shape [rows, columns], or [rows] for a vector. */
export interface MatrixRef {
  readonly uri: string;
  readonly rows: number;
  /** 0 for a vector. */
  readonly columns: number;
}

/** Matrices for training libraries, as files that they and NumPy read. */
export interface MatrixStore {
  /** Writes the chunks one after the other (whole rows each); the file appears when it has all rows. INVALID_DATA when their number is another. */
  write(ref: MatrixRef, chunks: AsyncIterable<Float32Array>): Promise<void>;
  /** The values of the rows (default: all), row by row. */
  read(ref: MatrixRef, rows?: RowRange): Promise<Float32Array>;
}
