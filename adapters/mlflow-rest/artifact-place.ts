import { fileURLToPath } from 'node:url';
import { PipelineError } from '../../domain/errors.ts';
import { bucketPlace } from './bucket-place.ts';
import { folderPlace } from './folder-place.ts';
import { proxyPlace } from './proxy-place.ts';
import type { Server } from './server.ts';

export interface PlacedFile {
  /** Relative to the place, with `/`. */
  readonly path: string;
  /** Undefined where the server does not say. */
  readonly bytes: number | undefined;
}

/** Where the artifacts of one run or model lie. */
export interface ArtifactPlace {
  /** The folder of this machine, where it is one. */
  readonly folder: string | undefined;
  /** Copies a local file to the relative path; again: replaces it. Memory stays bounded. */
  put(path: string, localFile: string): Promise<void>;
  /** All files below; none when there is nothing. */
  files(): Promise<PlacedFile[]>;
  /** Copies a file of the place to a local path, which nobody reads yet. INVALID_DATA when fewer or more bytes came than the place has. */
  get(file: PlacedFile, localFile: string): Promise<void>;
}

/** Refuses artifacts that cannot be reached from here, before anything is made that would need them. */
export function checkArtifactUri(server: Server, uri: string): void {
  kindOf(server, uri);
}

export function artifactPlace(server: Server, uri: string): ArtifactPlace {
  const kind = kindOf(server, uri);
  if (kind === 'bucket') return bucketPlace(server, uri);
  return kind === 'proxy' ? proxyPlace(server, new URL(uri).pathname) : folderPlace(server, uri.startsWith('file:') ? fileURLToPath(uri) : uri);
}

function kindOf(server: Server, uri: string): 'proxy' | 'folder' | 'bucket' {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(uri)?.[1]?.toLowerCase();
  if (scheme === 'mlflow-artifacts') {
    const { host } = new URL(uri.replace(/^mlflow-artifacts:/i, 'http:').replace(/^http:\/(?!\/)/, 'http://-/'));
    if (host === '-' || host === new URL(server.uri).host) return 'proxy';
    throw new PipelineError('UNSUPPORTED', `The MLflow server ${server.uri} keeps artifacts with another server, ${host}. Name that one in tracking.uri, or start the server without --default-artifact-root.`);
  }
  if (scheme === undefined || scheme === 'file') return 'folder';
  if (scheme === 'gs' && server.openBucketFolder !== undefined) return 'bucket';
  throw new PipelineError('UNSUPPORTED', `The MLflow server ${server.uri} has callers write artifacts to ${uri} themselves, which is not possible from here. Start it with --serve-artifacts and --artifacts-destination ${uri.split('/').slice(0, 3).join('/')}/..., and use a new experiment: then files pass through the server.`);
}
