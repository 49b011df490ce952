import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArtifactStore } from '../../ports/artifact-store.ts';
import type { DatasetStore } from '../../ports/dataset-store.ts';

/** Data sets as Parquet files (Snappy, UTC microseconds), which pandas, DuckDB and BigQuery read as they are. What reads and writes them is loaded when it is used: a server of predictions does neither. */
export function createParquetDatasetStore(artifacts: ArtifactStore): DatasetStore {
  return {
    async write(uri, schema, batches, onRows) {
      const { writeParquetFile } = await import('./write-dataset.ts');
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
      const { chooseColumns, chooseRows, readParquetFile } = await import('./read-dataset.ts');
      const columns = chooseColumns(ref, options.columns);
      const rows = chooseRows(ref, options.rows);
      yield* readParquetFile(await artifacts.localPath(ref.uri), ref, columns, rows);
    },
  };
}
