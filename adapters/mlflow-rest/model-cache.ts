import { readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';

/** Where copies of models are kept: a folder below it for each. Any number of processes may use it. */
export interface ModelCache {
  readonly folder: string;
  /** Above this the models that were longest not opened go. */
  readonly maxBytes: number;
}

/** Its name is half a copy's, or that of one on its way out. */
export const UNFINISHED = '.part';
/** A model that was opened this recently may still be read from: it stays, even where the cache is too large then. */
const IN_USE_MILLIS = 3_600_000;
const ABANDONED_MILLIS = 86_400_000;

/** Notes that the model is opened now; the folder's time says what was longest not. */
export async function noteOpened(folder: string): Promise<void> {
  const now = new Date();
  await unlessGone(utimes(folder, now, now));
}

/** Removes the models that were longest not opened until the rest fits, and half copies that processes which were killed left more than a day ago. */
export async function shrink({ folder, maxBytes }: ModelCache): Promise<void> {
  const models: { readonly path: string; readonly bytes: number; readonly openedMillis: number }[] = [];
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const found = await unlessGone(stat(path));
    if (found === undefined) continue;
    if (!name.endsWith(UNFINISHED)) models.push({ path, bytes: await bytesIn(path), openedMillis: found.mtimeMs });
    else if (found.mtimeMs < Date.now() - ABANDONED_MILLIS) await rm(path, { recursive: true, force: true });
  }
  let total = models.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const { path, bytes, openedMillis } of models.sort((a, b) => a.openedMillis - b.openedMillis)) {
    if (total <= maxBytes || openedMillis > Date.now() - IN_USE_MILLIS) return;
    const away = join(folder, `.${randomBytes(9).toString('hex')}${UNFINISHED}`);
    await unlessGone(rename(path, away)); // whole or not there, for whoever looks meanwhile
    await rm(away, { recursive: true, force: true });
    total -= bytes;
  }
}

async function bytesIn(folder: string): Promise<number> {
  let bytes = 0;
  for (const name of (await unlessGone(readdir(folder, { recursive: true }))) ?? []) {
    const found = await unlessGone(stat(join(folder, name)));
    if (found?.isFile() === true) bytes += found.size;
  }
  return bytes;
}

/** undefined where another process removed it meanwhile. */
async function unlessGone<T>(work: Promise<T>): Promise<T | undefined> {
  return work.catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}
