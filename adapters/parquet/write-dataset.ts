import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { ColumnChunk } from 'hyparquet';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { isArrayColumn } from '../../domain/data/columns.ts';
import type { Column, ColumnSchema, RecordBatch, ScalarColumn } from '../../domain/data/columns.ts';
import { CanonicalHash } from './canonical-hash.ts';
import { toParquetValues } from './column-values.ts';
import { writeFlatColumn } from './flat-column.ts';
import { regroup } from './row-groups.ts';
import { parquetSchema } from './schema.ts';

/** Rows in one row group: the unit in which files are written and read, and so what memory holds. */
export const ROW_GROUP_ROWS = 50_000;

/** Writes a Parquet file, one row group after the other. The rows' order and the row groups do not depend on how the batches are cut. */
export async function writeParquetFile(path: string, schema: readonly ColumnSchema[], batches: AsyncIterable<RecordBatch>, onRows?: (rows: number) => void): Promise<{ readonly rowCount: number; readonly hash: string }> {
  const file = await open(path, 'wx');
  try {
    const bytes = new ByteWriter(1 << 20);
    const writer = new ParquetWriter({ writer: bytes, schema: parquetSchema(schema), codec: 'SNAPPY', statistics: false, createdBy: 'ml-pipeline' });
    const hash = new CanonicalHash(schema);
    let rowCount = 0;
    for await (const group of regroup(schema, batches, ROW_GROUP_ROWS)) {
      hash.update(group);
      await writeRowGroup(writer, bytes, group);
      await flush(bytes, file);
      rowCount += group.rowCount;
      onRows?.(rowCount);
    }
    await writer.finish();
    await flush(bytes, file);
    return { rowCount, hash: hash.digest() };
  } finally {
    await file.close();
  }
}

/** The same for a path of the user's: the file appears when it is whole, in place of one that is there; nothing is left of one that is not. */
export async function writeParquetWhole(path: string, schema: readonly ColumnSchema[], batches: AsyncIterable<RecordBatch>, onRows?: (rows: number) => void): Promise<{ readonly rowCount: number; readonly hash: string }> {
  const building = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}`);
  try {
    const written = await writeParquetFile(building, schema, batches, onRows);
    await rename(building, path);
    return written;
  } finally {
    await rm(building, { force: true });
  }
}

/** Columns of single values are encoded here, since the library is slow with them: it takes arrays of JavaScript values. Lists, and texts too long for a page, are the library's. */
async function writeRowGroup(writer: ParquetWriter, bytes: ByteWriter, group: RecordBatch): Promise<void> {
  const start = bytes.offset;
  const columns: ColumnChunk[] = [];
  for (const column of group.columns) {
    const flat = isArrayColumn(column) ? undefined : writeFlatColumn(bytes, column as ScalarColumn);
    columns.push(...(flat === undefined ? await writeByLibrary(writer, column) : [flat]));
  }
  const total = columns.reduce((sum, { meta_data: data }) => sum + data!.total_uncompressed_size, 0n);
  writer.row_groups.push({ columns, num_rows: BigInt(group.rowCount), total_byte_size: total, total_compressed_size: BigInt(bytes.offset - start) });
  writer.num_rows += BigInt(group.rowCount);
}

/** The library takes the column for a row group of its own, from which its chunk is taken. */
async function writeByLibrary(writer: ParquetWriter, column: Column): Promise<readonly ColumnChunk[]> {
  await writer.write({ columnData: [{ name: column.name, data: toParquetValues(column) }], rowGroupSize: ROW_GROUP_ROWS });
  const group = writer.row_groups.pop()!;
  writer.num_rows -= group.num_rows;
  return group.columns;
}

/** Empties the writer's buffer into the file; the writer goes on counting offsets from the file's beginning. */
async function flush(bytes: ByteWriter, file: Awaited<ReturnType<typeof open>>): Promise<void> {
  await file.writeFile(bytes.getBytes());
  bytes.index = 0;
}
