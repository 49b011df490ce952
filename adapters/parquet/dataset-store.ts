import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArtifactStore } from '../../ports/artifact-store.ts';
import type { DatasetStore } from '../../ports/dataset-store.ts';
import { chooseColumns, chooseRows, readParquetFile } from './read-dataset.ts';
import { writeParquetFile } from './write-dataset.ts';

/** Data sets as Parquet files (Snappy, UTC microseconds), which pandas, DuckDB and BigQuery read as they are. */
export function createParquetDatasetStore(artifacts: ArtifactStore): DatasetStore {
  return {
    async write(uri, schema, batches, onRows) {
      const folder = await artifacts.temporaryFolder('dataset');
      try {
        const path = join(folder, 'data.parquet');
        const { rowCount, hash } = await writeParquetFile(path, schema, batches, onRows);
        await artifacts.publish(path, uri);
        return { uri, rowCount, schema: schema.map(({ name, type }) => ({ name, type })), hash };
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
    async *read(ref, options = {}) {
      const columns = chooseColumns(ref, options.columns);
      const rows = chooseRows(ref, options.rows);
      yield* readParquetFile(await artifacts.localPath(ref.uri), ref, columns, rows);
    },
  };
}
