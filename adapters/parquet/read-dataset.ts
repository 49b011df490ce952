import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { parquetMetadataAsync, parquetScan } from 'hyparquet';
import type { AsyncBuffer, FileMetaData, ParquetParsers } from 'hyparquet';
import type { ColumnSchema, RecordBatch } from '../../domain/data/columns.ts';
import type { DatasetRef, RowRange } from '../../domain/data/dataset-ref.ts';
import { PipelineError, refuseProblems } from '../../domain/errors.ts';
import { suggestion } from '../../domain/nearest.ts';
import { fromParquetValues } from './column-values.ts';
import { fitsSchema } from './schema.ts';

const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true }); // true: a text may begin with U+FEFF, which stays

/** Instants stay whole microseconds; the library's own dates have milliseconds only. */
const PARSERS = { timestampFromMicroseconds: (micros: bigint) => micros, stringFromBytes: (bytes: Uint8Array | undefined) => bytes && UTF8.decode(bytes) } as unknown as ParquetParsers;

/** Reads a file in batches of one row group (or the part of it that is wanted), only the columns asked for. */
export async function* readParquetFile(path: string, ref: DatasetRef, columns: readonly ColumnSchema[], rows: RowRange): AsyncGenerator<RecordBatch> {
  const handle = await open(path, 'r');
  try {
    const file = await asyncBuffer(handle);
    const metadata = await parquetMetadataAsync(file).catch((error: unknown) => {
      throw new PipelineError('INVALID_DATA', `${ref.uri} is no Parquet file.`, { cause: error });
    });
    refuseOtherFile(ref, metadata);
    let groupStart = 0;
    for (const group of metadata.row_groups) {
      const groupEnd = groupStart + Number(group.num_rows);
      const [start, end] = [Math.max(rows.start, groupStart), Math.min(rows.end, groupEnd)];
      if (start < end) yield await readRows(file, metadata, columns, start, end);
      groupStart = groupEnd;
    }
  } finally {
    await handle.close();
  }
}

async function readRows(file: AsyncBuffer, metadata: FileMetaData, columns: readonly ColumnSchema[], rowStart: number, rowEnd: number): Promise<RecordBatch> {
  // A scan keeps what it has read, so each row group has one of its own.
  const scan = await parquetScan({ file, metadata, parsers: PARSERS, utf8: false, columns: columns.map(({ name }) => name), rowStart, rowEnd });
  const batch = [];
  for (const column of columns) batch.push(fromParquetValues(column, await scan.readColumn({ column: column.name, rowStart, rowEnd })));
  return { rowCount: rowEnd - rowStart, columns: batch };
}

/** The columns asked for, all of the data set when none are named. */
export function chooseColumns(ref: DatasetRef, names: readonly string[] | undefined): readonly ColumnSchema[] {
  if (names === undefined) return ref.schema;
  const known = new Map(ref.schema.map((column) => [column.name, column]));
  refuseProblems('INVALID_INPUT', `${ref.uri} cannot be read.`, names.filter((name) => !known.has(name)).map((name) => ({ path: `column ${name}`, message: 'the data set has no such column.', cure: suggestion(name, [...known.keys()]) })));
  return names.map((name) => known.get(name)!);
}

export function chooseRows(ref: DatasetRef, rows: RowRange | undefined): RowRange {
  const { start, end } = rows ?? { start: 0, end: ref.rowCount };
  if (Number.isInteger(start) && Number.isInteger(end) && start >= 0 && start <= end && end <= ref.rowCount) return { start, end };
  throw new PipelineError('INVALID_INPUT', `Rows ${start} to ${end} cannot be read: ${ref.uri} has ${ref.rowCount} rows.`);
}

function refuseOtherFile(ref: DatasetRef, metadata: FileMetaData): void {
  const elements = metadata.schema.slice(1);
  if (fitsSchema(ref.schema, elements) && Number(metadata.num_rows) === ref.rowCount) return;
  throw new PipelineError('INVALID_DATA', `${ref.uri} is not the file that was referred to: it has ${metadata.num_rows} rows of ${elements.map(({ name }) => name).join(', ')}; expected ${ref.rowCount} rows of ${ref.schema.map(({ name }) => name).join(', ')}. Run the step that writes it again.`);
}

async function asyncBuffer(handle: FileHandle): Promise<AsyncBuffer> {
  const { size } = await handle.stat();
  return {
    byteLength: size,
    async slice(start, end = size) {
      const bytes = new Uint8Array(end - start);
      for (let done = 0; done < bytes.length;) {
        const { bytesRead } = await handle.read(bytes, done, bytes.length - done, start + done);
        if (bytesRead === 0) throw new PipelineError('INVALID_DATA', 'A Parquet file ends before its last byte.');
        done += bytesRead;
      }
      return bytes.buffer;
    },
  };
}
