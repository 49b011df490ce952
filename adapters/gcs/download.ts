import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { CRC32C } from '@google-cloud/storage';
import type { Bucket } from '@google-cloud/storage';
import { PipelineError } from '../../domain/errors.ts';
import { mayPass, storageFailure } from './failure.ts';
import type { ObjectState } from './objects.ts';

const TRIES = 5;
/** A download in which nothing moves for so long is broken off, and goes on anew. */
const IDLE_MILLIS = 60_000;

/**
 * Copies one version of an object to a new local file and checks it by hash. What breaks off goes on at the byte that it had got to. NOT_FOUND when the version is gone, INVALID_DATA when
 * what came is not what the service says it has.
 */
export async function downloadObject(bucket: Bucket, name: string, state: ObjectState, path: string, pauseMillis = 500): Promise<void> {
  const file = await open(path, 'wx');
  try {
    for await (const chunk of objectBytes(bucket, name, state, pauseMillis)) await file.writeFile(chunk);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** The bytes of one version of an object, in order, as downloadObject fetches and checks them: the error of a wrong hash comes after the last. */
export async function* objectBytes(bucket: Bucket, name: string, state: ObjectState, pauseMillis = 500): AsyncGenerator<Uint8Array> {
  const what = `gs://${bucket.name}/${name}`;
  const check = contentCheck(state);
  let done = 0;
  for (let tries = 1; done < state.bytes; tries += 1) {
    try {
      for await (const chunk of readObject(bucket, name, state.generation, done)) {
        check.update(chunk);
        done += chunk.byteLength;
        yield chunk;
      }
      if (done < state.bytes) throw new PipelineError('UNAVAILABLE', `Cloud Storage sent ${done} of ${state.bytes} bytes of ${what}.`);
    } catch (error) {
      const failure = storageFailure(error, bucket.name, what);
      if (tries >= TRIES || !mayPass(failure)) throw failure;
      await sleep(pauseMillis * 2 ** (tries - 1));
    }
  }
  if (done !== state.bytes || !check.matches()) throw new PipelineError('INVALID_DATA', `What came of ${what} is not what Cloud Storage has: its hash differs. Something between here and there changes it; try again.`);
}

/**
 * The bytes of a version from a byte on, as they are stored. The client's own stream never ends where a connection breaks within an answer, so the request is made here, with its
 * credentials (cloud.google.com/storage/docs/json_api/v1/objects/get).
 */
async function* readObject(bucket: Bucket, name: string, generation: string, start: number): AsyncGenerator<Uint8Array> {
  const { storage } = bucket;
  const url = `${storage.baseUrl}/b/${encodeURIComponent(bucket.name)}/o/${encodeURIComponent(name)}?alt=media&generation=${generation}`;
  const anonymous = storage.customEndpoint && storage.useAuthWithCustomEndpoint !== true;
  const headers = new Headers(anonymous ? {} : await storage.authClient.getRequestHeaders(url));
  for (const [key, value] of [['accept-encoding', 'identity'], ['cache-control', 'no-store'], ['range', `bytes=${start}-`]] as const) headers.set(key, value);
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new DOMException('nothing came', 'AbortError')), IDLE_MILLIS);
  try {
    const response = await fetch(url, { signal: controller.signal, headers });
    if (!response.ok) throw await refusalOf(response);
    if (start > 0 && response.status !== 206) throw new PipelineError('UNAVAILABLE', `What answers for Cloud Storage sends gs://${bucket.name}/${name} from its start only, where it was asked for the rest.`);
    for await (const chunk of response.body ?? []) {
      timer.refresh();
      yield chunk as Uint8Array;
    }
  } finally {
    clearTimeout(timer);
    controller.abort();
  }
}

/** An answer that is no success, in the form of the client's errors. */
async function refusalOf(response: Response): Promise<Error> {
  const text = await response.text();
  let told: { readonly error?: { readonly message?: string; readonly errors?: readonly object[] } } = {};
  if (text.startsWith('{')) told = JSON.parse(text) as typeof told;
  return Object.assign(new Error(told.error?.message ?? text), { code: response.status, errors: told.error?.errors ?? [] });
}

/** Takes an object's bytes in order. Its MD5 is compared; of one composed of others, which has none, CRC32C. */
export function contentCheck({ md5, crc32c }: ObjectState): { update(chunk: Uint8Array): void; matches(): boolean } {
  if (md5 !== undefined) {
    const hash = createHash('md5');
    return { update: (chunk) => void hash.update(chunk), matches: () => hash.digest('base64') === md5 };
  }
  const sum = new CRC32C();
  return { update: (chunk) => sum.update(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)), matches: () => sum.validate(crc32c) };
}
