import { basename } from 'node:path';
import type { Bucket } from '@google-cloud/storage';
import { PipelineError } from '../../domain/errors.ts';
import type { ArtifactStore } from '../../ports/artifact-store.ts';
import { downloadObject } from './download.ts';
import { objectName, plainName, rootUri } from './object-names.ts';
import type { ObjectRoot } from './object-names.ts';
import { checkBucket, listObjects, objectState, removeObject, uploadFile } from './objects.ts';
import type { ReadCache } from './read-cache.ts';
import { inParallel } from './in-parallel.ts';

export interface GcsArtifactStoreOptions {
  readonly bucket: Bucket;
  /** Empty, or ends with `/`. */
  readonly prefix: string;
  readonly cache: ReadCache;
  /** Where attempts work before they publish: its folder should be on the cache's device. */
  readonly local: Pick<ArtifactStore, 'temporaryFolder'>;
}

const AT_ONCE = 8;

/** Files as objects of one bucket. What was published from here is read from here again without a download. */
export function createGcsArtifactStore({ bucket, prefix, cache, local }: GcsArtifactStoreOptions): ArtifactStore {
  const root: ObjectRoot = { bucket: bucket.name, prefix };
  return {
    check: () => checkBucket(bucket),
    uri: (name) => `${rootUri(root)}${plainName(root, name)}`,
    publish: async (localPath, uri) => cache.adopt(await uploadFile(bucket, objectName(root, uri), localPath), basename(uri), localPath),
    localPath: async (uri) => localCopy(bucket, objectName(root, uri), uri, cache),
    exists: async (uri) => (await objectState(bucket, objectName(root, uri))) !== undefined,
    remove: async (uri) => {
      const name = objectName(root, uri);
      await removeObject(bucket, name);
      await removeBelow(bucket, `${name}/`);
    },
    temporaryFolder: (label) => local.temporaryFolder(label),
  };
}

/** A version that is replaced between the question and the download is asked for anew. */
async function localCopy(bucket: Bucket, name: string, uri: string, cache: ReadCache): Promise<string> {
  for (let tries = 1; ; tries += 1) {
    const state = await objectState(bucket, name);
    if (state === undefined) throw new PipelineError('NOT_FOUND', `There is no object ${uri}. It may have expired or been removed: run the step that writes it again.`);
    try {
      return await cache.get(state, basename(uri), (path) => downloadObject(bucket, name, state, path));
    } catch (error) {
      if (tries === 5 || !(error instanceof PipelineError && error.code === 'NOT_FOUND')) throw error;
    }
  }
}

/** Removes all objects whose names begin with the prefix. Objects that come meanwhile may stay. */
export async function removeBelow(bucket: Bucket, prefix: string): Promise<void> {
  await inParallel(listObjects(bucket, prefix), AT_ONCE, ({ name, generation }) => removeObject(bucket, name, generation));
}
