import type { Storage } from '@google-cloud/storage';
import { PipelineError } from '../../domain/errors.ts';
import { downloadObject } from './download.ts';
import { listObjects, objectState, uploadFile } from './objects.ts';

/** The objects below an address, as files with paths relative to it. */
export interface ObjectFolder {
  /** Copies a local file to the path; again: replaces it. */
  put(path: string, localFile: string): Promise<void>;
  files(): Promise<{ readonly path: string; readonly bytes: number }[]>;
  /** Copies to a new local file, checked by hash. NOT_FOUND when there is none. */
  get(path: string, localFile: string): Promise<void>;
}

/** `uri`: `gs://bucket/path`, as MLflow writes it: not percent-encoded. */
export function openObjectFolder(client: Storage, uri: string): ObjectFolder {
  const [, bucketName, path] = /^gs:\/\/([^/]+)\/?(.*?)\/*$/s.exec(uri) ?? [];
  if (bucketName === undefined || path === undefined) throw new PipelineError('INVALID_DATA', `"${uri}" is no address of the form gs://bucket/path.`);
  const bucket = client.bucket(bucketName);
  const prefix = path === '' ? '' : `${path}/`;
  return {
    put: async (name, localFile) => void (await uploadFile(bucket, `${prefix}${name}`, localFile)),
    files: async () => {
      const found: { readonly path: string; readonly bytes: number }[] = [];
      for await (const { name, bytes } of listObjects(bucket, prefix)) {
        if (name.endsWith('/')) continue; // what some tools make so that a folder shows
        found.push({ path: relativeName(uri, name.slice(prefix.length)), bytes });
      }
      return found;
    },
    get: async (name, localFile) => {
      const state = await objectState(bucket, `${prefix}${name}`);
      if (state === undefined) throw new PipelineError('NOT_FOUND', `There is no object ${uri}/${name}. It may have been removed.`);
      await downloadObject(bucket, `${prefix}${name}`, state, localFile);
    },
  };
}

/** A name that a local folder can have: others' objects may be named in any way. */
function relativeName(uri: string, name: string): string {
  const bad = /[\\\0]/.test(name) || name.split('/').some((part) => part === '' || part === '.' || part === '..');
  if (bad) throw new PipelineError('INVALID_DATA', `Below ${uri} lies an object named ${JSON.stringify(name)}, which is no name of a file. Remove it.`);
  return name;
}
