import { join } from 'node:path';
import { createParquetDatasetStore } from '../../../adapters/parquet/dataset-store.ts';
import { describeArtifactStoreContract } from '../../contracts/artifact-store.ts';
import { describeDatasetStoreContract } from '../../contracts/dataset-store.ts';
import { openGcsHarness } from './harness.ts';

describeArtifactStoreContract('Cloud Storage', async () => {
  const harness = await openGcsHarness();
  return { store: harness.store(), folder: join(harness.folder, 'local'), close: harness.close };
});

describeDatasetStoreContract('Parquet files in Cloud Storage', async () => {
  const harness = await openGcsHarness();
  const artifacts = harness.store();
  return { artifacts, store: createParquetDatasetStore(artifacts), close: harness.close };
});
