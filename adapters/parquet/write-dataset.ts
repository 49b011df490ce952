import { open } from 'node:fs/promises';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import type { ColumnSchema, RecordBatch } from '../../domain/data/columns.ts';
import { CanonicalHash } from './canonical-hash.ts';
import { toParquetValues } from './column-values.ts';
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
      await writer.write({ columnData: group.columns.map((column) => ({ name: column.name, data: toParquetValues(column) })), rowGroupSize: ROW_GROUP_ROWS });
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

/** Empties the writer's buffer into the file; the writer goes on counting offsets from the file's beginning. */
async function flush(bytes: ByteWriter, file: Awaited<ReturnType<typeof open>>): Promise<void> {
  await file.writeFile(bytes.getBytes());
  bytes.index = 0;
}
