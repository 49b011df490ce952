/**
 * Files by URI, under one root (`file:///.../data/` or `gs://bucket/prefix/`). A file appears whole or not at all; writing the same URI again replaces it.
 * Paths that lead out of the root are refused (INVALID_INPUT).
 */
export interface ArtifactStore {
  /** Rejects where no file can be kept, since the place itself is missing or closed to this process; nothing is written. */
  check(): Promise<void>;
  /** The URI of a name such as `runs/<key>/matrix.npy`. Nothing is created. */
  uri(name: string): string;
  /** Publishes a local file (it may be moved) under the URI. Safe to repeat. */
  publish(localPath: string, uri: string): Promise<void>;
  /** A local path with the file's content and the last part of its name, for reading only: the file itself or a cached copy. NOT_FOUND when there is none. */
  localPath(uri: string): Promise<string>;
  exists(uri: string): Promise<boolean>;
  /** Removes the file or everything below the URI; nothing there is no error. */
  remove(uri: string): Promise<void>;
  /** An empty local folder for one attempt's half-finished files, on the same device as `publish` likes best. The caller removes it. */
  temporaryFolder(label: string): Promise<string>;
}
