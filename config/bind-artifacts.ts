import { join, resolve } from 'node:path';
import { PipelineError } from '../domain/errors.ts';
import type { ArtifactStore } from '../ports/artifact-store.ts';
import type { LogArchive } from '../ports/log-archive.ts';
import type { RunStorage } from '../ports/run-storage.ts';
import type { ArtifactSettings, GcsArtifacts } from './artifact-settings.ts';

/** `folder`: the project's; the settings' folders are relative to it. */
export async function bindArtifactStore(folder: string, settings: ArtifactSettings): Promise<ArtifactStore> {
  const { createFileArtifactStore } = await import('../adapters/file/artifact-store.ts');
  if (settings.type === 'file') return createFileArtifactStore(resolve(folder, settings.folder));
  const [{ createGcsArtifactStore }, { openReadCache }] = await Promise.all([import('../adapters/gcs/artifact-store.ts'), import('../adapters/gcs/read-cache.ts')]);
  const cacheFolder = resolve(folder, settings.cache.folder);
  return createGcsArtifactStore({
    ...(await dataBucket(settings)),
    cache: openReadCache(join(cacheFolder, 'objects'), settings.cache.max_gigabytes * 1e9),
    local: createFileArtifactStore(cacheFolder), // attempts work beside the cache, on the same device
  });
}

export async function bindRunStorage(folder: string, settings: ArtifactSettings): Promise<RunStorage> {
  const { createFileRunStorage } = await import('../adapters/file/run-storage.ts');
  if (settings.type === 'file') return createFileRunStorage(resolve(folder, settings.folder));
  const { createGcsRunStorage } = await import('../adapters/gcs/run-storage.ts');
  return createGcsRunStorage({ ...(await dataBucket(settings)), local: createFileRunStorage(resolve(folder, settings.cache.folder)) });
}

/** UNSUPPORTED where there is no bucket for logs. */
export async function bindLogArchive(settings: ArtifactSettings): Promise<LogArchive> {
  if (settings.type === 'file') throw new PipelineError('UNSUPPORTED', 'Logs are archived in a bucket (artifacts.type gcs); in this environment they stay in their folder, see logs.folder.');
  const { createGcsLogArchive } = await import('../adapters/gcs/log-archive.ts');
  return createGcsLogArchive((await storageClient(settings)).bucket(settings.buckets.logs.name));
}

async function dataBucket(settings: GcsArtifacts) {
  return { bucket: (await storageClient(settings)).bucket(settings.buckets.data.name), prefix: settings.prefix === undefined ? '' : `${settings.prefix}/` };
}

/** Of the settings' project and endpoint. Nothing is sent before its first use. */
export async function storageClient({ project, api_endpoint: apiEndpoint }: Partial<Pick<GcsArtifacts, 'project' | 'api_endpoint'>>) {
  const { createStorageClient } = await import('../adapters/gcs/client.ts');
  return createStorageClient({ ...(project === undefined ? {} : { project }), ...(apiEndpoint === undefined ? {} : { apiEndpoint }) });
}
