import { isMissing, isThere, told } from './call-failure.ts';
import type { BigQueryConnection } from './connection.ts';
import { legalLabels } from './labels.ts';

/** Warehouse.prepare: makes the data sets that are missing, in the location of the settings. Needs no right to make what is there; another process may make them meanwhile. */
export async function createDatasets({ client, settings }: BigQueryConnection): Promise<void> {
  const { project: projectId, location, datasets, labels } = settings;
  for (const name of new Set([datasets.raw, datasets.feature_mart, datasets.spine])) {
    await told(createDataset(name), `making the data set ${name}`, settings);
  }

  async function createDataset(name: string): Promise<void> {
    const dataset = client.dataset(name, { projectId });
    try {
      await dataset.getMetadata();
      return;
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
    try {
      await client.createDataset(name, { projectId, location, labels: legalLabels({ ...labels, app: 'ml-pipeline' }) });
    } catch (error) {
      if (!isThere(error)) throw error;
    }
  }
}
