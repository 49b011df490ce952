import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { Bucket, FileMetadata, GetFilesOptions, GetFilesResponse } from '@google-cloud/storage';
import { PipelineError } from '../../domain/errors.ts';
import { hasStatus, missingBucket, storageFailure } from './failure.ts';

/** One version of an object. */
export interface ObjectState {
  readonly generation: string;
  readonly bytes: number;
  /** Base64. Objects that were composed of others have none. */
  readonly md5: string | undefined;
  /** Base64, big-endian. */
  readonly crc32c: string;
}

/** Files above this are sent in pieces, so that what broke off goes on where the service has got to. */
const RESUMABLE_ABOVE = 8 << 20;
/** A multiple of 256 KiB, as the service wants; memory holds one (cloud.google.com/storage/docs/resumable-uploads). */
const PIECE = 16 << 20;
const TRIES = 5;

/** The newest version of the object; undefined when there is none. */
export async function objectState(bucket: Bucket, name: string): Promise<ObjectState | undefined> {
  try {
    const [metadata] = await bucket.file(name).getMetadata();
    return stateOf(metadata);
  } catch (error) {
    const failure = storageFailure(error, bucket.name, `gs://${bucket.name}/${name}`);
    if (failure instanceof PipelineError && failure.code === 'NOT_FOUND') return undefined;
    throw failure;
  }
}

/**
 * Copies a local file to the object, which appears whole or not at all. The service is told the file's MD5 and keeps nothing that differs from it. An object with the same content is left
 * as it is; another writer's is replaced, never by accident: each attempt names the generation that it replaces. NOT_FOUND when there is no local file, CONFLICT when others keep
 * writing the same object.
 */
export async function uploadFile(bucket: Bucket, name: string, path: string, contentType = 'application/octet-stream'): Promise<ObjectState> {
  const file = await measure(path);
  for (let tries = 1; tries <= TRIES; tries += 1) {
    const there = await objectState(bucket, name);
    if (there?.md5 === file.md5 && there.bytes === file.bytes) return there;
    const sent = await send(bucket, name, path, { ...file, contentType, replaces: there?.generation ?? '0' });
    if (sent !== undefined) return sent;
  }
  throw new PipelineError('CONFLICT', `Other processes keep writing gs://${bucket.name}/${name}. Let only one of them write it, or write under another name.`);
}

interface Sending {
  readonly bytes: number;
  readonly md5: string;
  readonly contentType: string;
  /** The generation that is there now; `0`: none. */
  readonly replaces: string;
}

/** undefined when another version came between, the answer was lost, or the session of the upload has ended: what is there now is to be looked at. */
async function send(bucket: Bucket, name: string, path: string, { bytes, md5, contentType, replaces }: Sending): Promise<ObjectState | undefined> {
  const what = `gs://${bucket.name}/${name}`;
  const object = bucket.file(name);
  const resumable = bytes > RESUMABLE_ABOVE;
  const target = object.createWriteStream({ resumable, ...(resumable ? { chunkSize: PIECE } : {}), validation: false, metadata: { md5Hash: md5, contentType, contentLength: bytes }, preconditionOpts: { ifGenerationMatch: replaces } });
  try {
    await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), target);
  } catch (error) {
    // The client finds the upload complete, whose answer was lost, and takes it for one that begins anew.
    const answerLost = error instanceof RangeError && resumable;
    if (hasStatus(error, 412) || answerLost || isSessionGone(error)) return undefined;
    throw hasStatus(error, 404) ? missingBucket(bucket.name, error) : storageFailure(error, bucket.name, what);
  }
  const state = stateOf(object.metadata);
  if (state.md5 === md5) return state;
  throw new PipelineError('INVALID_DATA', `${what} has another MD5 than the file that was sent. Something between here and Cloud Storage changes it; send it again.`);
}

/** Removes one version of the object; an object that is gone, or has a newer version, is no error. */
export async function removeObject(bucket: Bucket, name: string, generation?: string): Promise<void> {
  try {
    await bucket.file(name).delete({ ignoreNotFound: true, ...(generation === undefined ? {} : { ifGenerationMatch: generation }) });
  } catch (error) {
    if (!hasStatus(error, 412)) throw storageFailure(error, bucket.name, `gs://${bucket.name}/${name}`);
  }
}

/** Rejects where the bucket is missing, or its objects may not be listed. */
export async function checkBucket(bucket: Bucket): Promise<void> {
  await listPage(bucket, { autoPaginate: false, maxResults: 1 });
}

export interface ListedObject extends ObjectState {
  readonly name: string;
  readonly updatedMillis: number;
}

/** All objects whose names begin with the prefix, in the order of their names, a page in memory at a time. */
export async function* listObjects(bucket: Bucket, prefix: string): AsyncGenerator<ListedObject> {
  let query: GetFilesOptions | null = { prefix, autoPaginate: false, maxResults: 1000 };
  while (query !== null) {
    const page: GetFilesResponse = await listPage(bucket, query);
    for (const { name, metadata } of page[0]) yield { name, ...stateOf(metadata), updatedMillis: Date.parse(metadata.updated ?? '') };
    query = (page[1] as GetFilesOptions | null | undefined) ?? null;
  }
}

async function listPage(bucket: Bucket, query: GetFilesOptions): Promise<GetFilesResponse> {
  try {
    return await bucket.getFiles(query);
  } catch (error) {
    throw hasStatus(error, 404) ? missingBucket(bucket.name, error) : storageFailure(error, bucket.name, `gs://${bucket.name}/${query.prefix ?? ''}`);
  }
}

/** A session of an upload that has ended: the file is sent in a new one (cloud.google.com/storage/docs/performing-resumable-uploads#handling_errors). The client tells it as an answer, and not as an error. */
function isSessionGone(error: unknown): boolean {
  return typeof error === 'object' && error !== null && !(error instanceof Error) && [404, 410].includes(Number((error as { readonly code?: unknown }).code));
}

function stateOf({ generation, size, md5Hash, crc32c }: FileMetadata): ObjectState {
  return { generation: String(generation), bytes: Number(size), md5: md5Hash, crc32c: crc32c ?? '' };
}

async function measure(path: string): Promise<{ readonly bytes: number; readonly md5: string }> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    throw new PipelineError('NOT_FOUND', `There is no file ${path} to upload.`, { cause: error });
  });
  const hash = createHash('md5');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Uint8Array);
  return { bytes: found.size, md5: hash.digest('base64') };
}
