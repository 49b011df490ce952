import type { SampleDataOptions, SampleDataSummary } from '../adapters/sample-data/load-options.ts';
import type { AppConfig } from './app-config.ts';
import { postgresUrl } from './warehouse-settings.ts';

/** What loads the sample data into the settings' warehouse. */
export async function bindSampleData({ warehouse }: AppConfig): Promise<(options: SampleDataOptions) => Promise<SampleDataSummary>> {
  const { loadIntoPostgres } = await import('../adapters/sample-data/postgres-load.ts');
  const connectionString = postgresUrl(warehouse, '`ml-pipeline data load`');
  return (options) => loadIntoPostgres({ ...options, connectionString });
}
