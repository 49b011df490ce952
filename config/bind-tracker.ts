import { resolve } from 'node:path';
import type { ExperimentTracker } from '../ports/experiment-tracker.ts';
import type { AppConfig } from './app-config.ts';
import { storageClient } from './bind-artifacts.ts';
import { fileStoreFolder, serverAuth } from './tracking-settings.ts';

/** MLflow's files or a server. A server may have callers write artifacts to a bucket: its client is loaded when that is met, and asks where the environment's own files are. */
export async function bindTracker(folder: string, { tracking, artifacts }: Pick<AppConfig, 'tracking' | 'artifacts'>): Promise<ExperimentTracker> {
  if (tracking.type === 'mlflow_files') return (await import('../adapters/mlflow/file-tracker.ts')).createFileTracker({ root: fileStoreFolder(folder, tracking) });
  const { createRestTracker } = await import('../adapters/mlflow-rest/rest-tracker.ts');
  return createRestTracker({
    uri: tracking.uri,
    auth: await serverAuth(tracking),
    modelCache: resolve(folder, tracking.model_cache),
    ...(tracking.model_cache_gigabytes === undefined ? {} : { modelCacheBytes: tracking.model_cache_gigabytes * 1e9 }),
    openBucketFolder: async (uri) => (await import('../adapters/gcs/object-folder.ts')).openObjectFolder(await storageClient(artifacts.type === 'gcs' ? artifacts : {}), uri),
  });
}
