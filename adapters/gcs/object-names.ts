import { PipelineError } from '../../domain/errors.ts';

/** Where a store's objects lie: `prefix` is empty or ends with `/`. */
export interface ObjectRoot {
  readonly bucket: string;
  readonly prefix: string;
}

/** The root's own address: `gs://bucket/prefix/`. */
export function rootUri({ bucket, prefix }: ObjectRoot): string {
  return `gs://${bucket}/${prefix}`;
}

/** The object of a URI below the root. INVALID_INPUT for every other one. gs:// addresses are not percent-encoded. */
export function objectName(root: ObjectRoot, uri: string): string {
  const start = rootUri(root);
  if (!uri.startsWith(start)) throw outside(root, uri);
  return `${root.prefix}${plainName(root, uri.slice(start.length))}`;
}

/**
 * A relative name without anything that another program reads as more than a name: no `..`, no wildcard of gsutil or BigQuery, no percent-encoding, no control character
 * (cloud.google.com/storage/docs/objects#naming). Names that begin with `.tmp` stay free, as in a folder.
 */
export function plainName(root: ObjectRoot, name: string): string {
  const parts = name.split('/');
  const bad = /[\x00-\x1f\x7f\\%*?#[\]]/.test(name) || Buffer.byteLength(root.prefix + name) > 1024 || parts[0] === '.tmp';
  if (bad || parts.some((part) => part === '' || part === '.' || part === '..')) throw outside(root, name);
  return name;
}

function outside(root: ObjectRoot, shown: string): PipelineError {
  return new PipelineError('INVALID_INPUT', `"${shown}" does not name an object below ${rootUri(root)}.`);
}
