import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bucket } from '@google-cloud/storage';
import { createFileArtifactStore } from '../../../adapters/file/artifact-store.ts';
import { createGcsArtifactStore } from '../../../adapters/gcs/artifact-store.ts';
import { createStorageClient } from '../../../adapters/gcs/client.ts';
import { openReadCache } from '../../../adapters/gcs/read-cache.ts';
import type { ArtifactStore } from '../../../ports/artifact-store.ts';
import { cloudServers } from '../../support/cloud-servers.ts';

export const PREFIX = 'project/';

export interface GcsHarness {
  readonly bucket: Bucket;
  readonly folder: string;
  /** A store with a read cache of its own. */
  store(cache?: string, maxBytes?: number): ArtifactStore;
  close(): Promise<void>;
}

/** A new bucket and a local folder; both go with close(). */
export async function openGcsHarness(): Promise<GcsHarness> {
  const { gcsUrl, project } = await cloudServers();
  const bucket = createStorageClient({ project, apiEndpoint: gcsUrl }).bucket(`test-${randomBytes(6).toString('hex')}`);
  await bucket.create();
  const folder = await mkdtemp(join(tmpdir(), 'gcs-'));
  await mkdir(join(folder, 'local'));
  return {
    bucket,
    folder,
    store: (cache = 'cache', maxBytes = 1e9) => createGcsArtifactStore({ bucket, prefix: PREFIX, cache: openReadCache(join(folder, cache, 'objects'), maxBytes), local: createFileArtifactStore(join(folder, cache)) }),
    close: async () => {
      await bucket.deleteFiles({ force: true });
      await bucket.delete();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
