import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { PipelineError } from '../../domain/errors.ts';
import { isThere } from '../mlflow/store.ts';
import type { ArtifactPlace, PlacedFile } from './artifact-place.ts';
import { UNFINISHED, noteOpened, shrink } from './model-cache.ts';
import type { ModelCache } from './model-cache.ts';

/** Tag of a logged model with the hash of its files, by which a copy is checked. */
export const CONTENT_TAG = 'ml_pipeline.content_sha256';
/** Files that move at the same time. */
const AT_ONCE = 4;

/** Copies a folder's files to the place; their hash. */
export async function putFolder(place: ArtifactPlace, folder: string): Promise<string> {
  const files = await filesIn(folder);
  await inParallel(files, (path) => place.put(path, join(folder, path)));
  return contentHash(folder);
}

/**
 * A local folder with the place's files: in the cache under that name, copied there when missing, checked, and whole or not at all. Where the place is a folder of this machine, it
 * is that one. INVALID_DATA when the files are not those that were logged, NOT_FOUND when there is no MLmodel among them.
 */
export async function localCopy(place: ArtifactPlace, cache: ModelCache, name: string, expected: { readonly what: string; readonly content: string | undefined; readonly files?: readonly PlacedFile[] }): Promise<string> {
  const target = place.folder ?? join(cache.folder, name);
  if (await isThere(join(target, 'MLmodel'))) {
    if (place.folder === undefined) await noteOpened(target);
    return target;
  }
  const files = expected.files ?? (await place.files());
  if (!files.some((file) => file.path === 'MLmodel')) throw new PipelineError('NOT_FOUND', `There is no file MLmodel among the artifacts of ${expected.what}.`);
  const draft = join(cache.folder, `.${randomBytes(9).toString('hex')}${UNFINISHED}`);
  try {
    await inParallel(files, async (file) => {
      await mkdir(dirname(join(draft, file.path)), { recursive: true });
      await place.get(file, join(draft, file.path));
    });
    if (expected.content !== undefined && (await contentHash(draft)) !== expected.content) {
      throw new PipelineError('INVALID_DATA', `The files of ${expected.what} are not those that were logged: their hash is not that of its tag ${CONTENT_TAG}. Log the model again, or restore its artifacts.`);
    }
    await publish(draft, target);
    await shrink(cache);
    return target;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** SHA-256 over the files' own hashes and paths, in the order of the paths. */
export async function contentHash(folder: string): Promise<string> {
  const whole = createHash('sha256');
  for (const path of await filesIn(folder)) {
    const one = createHash('sha256');
    for await (const chunk of createReadStream(join(folder, path))) one.update(chunk as Uint8Array);
    whole.update(`${one.digest('hex')}  ${path}\n`);
  }
  return whole.digest('hex');
}

/** Another process may have been first: its copy is as good. */
async function publish(draft: string, target: string): Promise<void> {
  try {
    await rename(draft, target);
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => relative(folder, join(entry.parentPath, entry.name))).sort();
}

/** Stops at the first that fails, when those under way have ended. */
async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
      try {
        await work(item);
      } catch (error) {
        queue.length = 0;
        throw error;
      }
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: AT_ONCE }, worker));
  const failed = ended.find((each) => each.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
