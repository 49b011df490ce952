import type { FeatureRegistry } from '../ports/feature-registry.ts';
import type { RegistryTable } from '../ports/registry-table.ts';
import type { AppConfig } from './app-config.ts';
import { onlineStoreOptions } from './online-store-options.ts';
import { registryObject, type FileRegistrySettings } from './registry-settings.ts';

/** A registry in Cloud Storage. Its writers' locks are in the Redis of the online store: whoever writes there, or removes from there, can reach it. */
export async function bindFileRegistry(folder: string, settings: FileRegistrySettings, config: Pick<AppConfig, 'project' | 'online_store' | 'warehouse'>): Promise<FeatureRegistry> {
  const [{ createFeastFileRegistry }, { createRedisLocks }, { createGcsRegistryFile }, { createStorageClient }] = await Promise.all([
    import('../adapters/feast/registry/file-registry.ts'),
    import('../adapters/redis/locks.ts'),
    import('../adapters/gcs/registry-file.ts'),
    import('../adapters/gcs/client.ts'),
  ]);
  const { bucket, name } = registryObject(settings);
  const { api_endpoint: apiEndpoint, table } = settings;
  return createFeastFileRegistry({
    file: createGcsRegistryFile(createStorageClient(apiEndpoint === undefined ? {} : { apiEndpoint }).bucket(bucket), name),
    locks: createRedisLocks(onlineStoreOptions(folder, config)),
    ...(table === undefined ? {} : { table: await bindRegistryTable(table) }),
    project: config.project,
    tables: config.warehouse.type,
  });
}

async function bindRegistryTable({ project, dataset, location, api_endpoint: apiEndpoint }: NonNullable<FileRegistrySettings['table']>): Promise<RegistryTable> {
  const [{ openBigQuery }, { createBigQueryRegistryTable }] = await Promise.all([import('../adapters/bigquery/connection.ts'), import('../adapters/bigquery/registry-table.ts')]);
  const datasets = { raw: dataset, feature_mart: dataset, spine: dataset, registry: dataset };
  // It runs no query: a load job costs nothing.
  return createBigQueryRegistryTable(openBigQuery({ project, location, datasets, maximum_bytes_billed: 0, ...(apiEndpoint === undefined ? {} : { api_endpoint: apiEndpoint }) }));
}
