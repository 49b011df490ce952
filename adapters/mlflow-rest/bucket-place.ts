import type { ArtifactPlace } from './artifact-place.ts';
import type { BucketFolder, Server } from './server.ts';

/** Artifacts in a bucket that callers read and write themselves. It is opened, and the client of its service loaded, with the first file. */
export function bucketPlace(server: Server, uri: string): ArtifactPlace {
  let folder: Promise<BucketFolder> | undefined;
  const opened = (): Promise<BucketFolder> => (folder ??= server.openBucketFolder!(uri));
  return {
    folder: undefined,
    put: async (path, localFile) => (await opened()).put(path, localFile),
    files: async () => (await opened()).files(),
    get: async ({ path }, localFile) => (await opened()).get(path, localFile), // which checks length and hash
  };
}
