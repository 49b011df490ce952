import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFileArtifactStore } from '../../../adapters/file/artifact-store.ts';
import { createParquetDatasetStore } from '../../../adapters/parquet/dataset-store.ts';
import { describeDatasetStoreContract } from '../../contracts/dataset-store.ts';

describeDatasetStoreContract('Parquet files', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'dataset-store-'));
  const artifacts = createFileArtifactStore(folder);
  return { artifacts, store: createParquetDatasetStore(artifacts), close: () => rm(folder, { recursive: true, force: true }) };
});
