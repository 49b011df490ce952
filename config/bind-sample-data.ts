import type { SampleDataOptions, SampleDataSummary } from '../adapters/sample-data/load-options.ts';
import { bigQuerySettings } from './bind-warehouse.ts';
import type { Project } from './load-config.ts';
import { postgresUrl } from './warehouse-settings.ts';

/** What loads the sample data into the settings' warehouse. */
export async function bindSampleData({ folder, config: { warehouse } }: Project): Promise<(options: SampleDataOptions) => Promise<SampleDataSummary>> {
  if (warehouse.type === 'bigquery') {
    const [{ loadIntoBigQuery }, settings] = await Promise.all([import('../adapters/sample-data/bigquery-load.ts'), bigQuerySettings(folder, warehouse)]);
    return (options) => loadIntoBigQuery({ ...options, settings });
  }
  const { loadIntoPostgres } = await import('../adapters/sample-data/postgres-load.ts');
  const connectionString = postgresUrl(warehouse, '`ml-pipeline data load`');
  return (options) => loadIntoPostgres({ ...options, connectionString });
}
