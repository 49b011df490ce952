import { isMissing, isThere, told } from './call-failure.ts';
import type { BigQueryConnection } from './connection.ts';
import { legalLabels } from './labels.ts';

/** Warehouse.prepare: makes the data sets that are missing, in the location of the settings. Needs no right to make what is there; another process may make them meanwhile. */
export async function createDatasets(connection: BigQueryConnection): Promise<void> {
  const { client, settings } = connection;
  const { project: projectId, location, labels } = settings;
  for (const name of await missingDatasets(connection)) {
    const making = client.createDataset(name, { projectId, location, labels: legalLabels({ ...labels, app: 'ml-pipeline' }) }).catch((error: unknown) => {
      if (!isThere(error)) throw error;
    });
    await told(making, `making the data set ${name}`, settings);
  }
}

/** Of the data sets of raw events, features and spines. */
export async function missingDatasets({ client, settings }: BigQueryConnection): Promise<readonly string[]> {
  const { project: projectId, datasets } = settings;
  const missing: string[] = [];
  for (const name of new Set([datasets.raw, datasets.feature_mart, datasets.spine])) {
    const looking = client.dataset(name, { projectId }).getMetadata().catch((error: unknown) => {
      if (!isMissing(error)) throw error;
      missing.push(name);
    });
    await told(looking, `looking for the data set ${name}`, settings);
  }
  return missing;
}
