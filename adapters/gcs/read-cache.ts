import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, mkdir, readdir, rename, rm, rmdir, stat, utimes } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import { contentCheck } from './download.ts';
import type { ObjectState } from './objects.ts';

/** Local copies of objects, by content and name: equal ones of one name are kept once. Any number of processes may use the same folder. */
export interface ReadCache {
  /** The path of a file with that name and content, for reading only: what is there and still has its hash, else what `fetch` writes to the path that it is given. */
  get(state: ObjectState, name: string, fetch: (path: string) => Promise<void>): Promise<string>;
  /** Takes a local file with that content in, where moving it there costs nothing; else does nothing. */
  adopt(state: ObjectState, name: string, path: string): Promise<void>;
}

/** What was given out this recently may be about to be opened: it stays, even where the cache is too large then. */
const IN_USE_MILLIS = 3_600_000;
const ABANDONED_MILLIS = 48 * 3_600_000;

/** A cache in a folder, which is made when it is first needed and may be removed when no process uses it. Above `maxBytes` the files that were longest not asked for go. */
export function openReadCache(folder: string, maxBytes: number): ReadCache {
  const checked = new Map<string, string>();
  const pending = new Map<string, Promise<string>>();

  /** The file's stats when its content is right: read in full once by this process, and again when it changed. */
  const intact = async (path: string, state: ObjectState): Promise<Stats | undefined> => {
    const found = await unlessGone(stat(path));
    if (found === undefined) return undefined;
    if (checked.get(path) === identity(found)) return found;
    if (found.size === state.bytes && (await hasContent(path, state))) {
      checked.set(path, identity(found));
      return found;
    }
    await rm(path, { force: true });
    return undefined;
  };
  const keep = async (draft: string, path: string): Promise<void> => {
    await chmod(draft, 0o444);
    await moveInto(draft, path);
    checked.set(path, identity(await stat(path)));
    await shrink(folder, maxBytes);
  };
  const find = async (path: string, state: ObjectState, fetch: (path: string) => Promise<void>): Promise<string> => {
    const found = await intact(path, state);
    if (found !== undefined) {
      await unlessGone(utimes(path, new Date(), found.mtime)); // the time of access says what was longest not asked for
      return path;
    }
    await mkdir(folder, { recursive: true });
    const draft = join(folder, `.${randomBytes(9).toString('hex')}.part`);
    try {
      await fetch(draft);
      await keep(draft, path);
    } finally {
      await rm(draft, { force: true });
    }
    return path;
  };
  return {
    get: (state, name, fetch) => {
      const path = join(folder, keyOf(state), name);
      const running = pending.get(path) ?? find(path, state, fetch).finally(() => pending.delete(path));
      pending.set(path, running);
      return running;
    },
    adopt: async (state, name, path) => {
      await mkdir(folder, { recursive: true });
      const draft = join(folder, `.${randomBytes(9).toString('hex')}.part`);
      try {
        await rename(path, draft);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EXDEV') return;
        throw error;
      }
      await keep(draft, join(folder, keyOf(state), name));
    },
  };
}

/** Of an object without MD5 the generation too, since CRC32C alone names no content. */
function keyOf({ md5, crc32c, bytes, generation }: ObjectState): string {
  const content = md5 === undefined ? `crc32c ${crc32c} ${generation} ${bytes}` : `md5 ${md5} ${bytes}`;
  return createHash('sha256').update(content).digest('hex');
}

function identity({ ino, size, mtimeMs }: Stats): string {
  return `${ino} ${size} ${mtimeMs}`;
}

async function hasContent(path: string, state: ObjectState): Promise<boolean> {
  const check = contentCheck(state);
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) check.update(chunk as Uint8Array);
  return check.matches();
}

/** The folder of a content goes with its last file, perhaps in between: then it is made again. */
async function moveInto(draft: string, path: string): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    await mkdir(dirname(path), { recursive: true });
    try {
      await rename(draft, path);
      return;
    } catch (error) {
      if (tries === 5 || (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}

/** Removes what was longest not asked for, and what killed processes left. */
async function shrink(folder: string, maxBytes: number): Promise<void> {
  const files: { readonly path: string; readonly bytes: number; readonly usedMillis: number }[] = [];
  for (const name of await readdir(folder, { recursive: true })) {
    const path = join(folder, name);
    const found = await unlessGone(stat(path));
    if (found === undefined || !found.isFile()) continue;
    if (!(name.startsWith('.') && name.endsWith('.part'))) files.push({ path, bytes: found.size, usedMillis: Math.max(found.atimeMs, found.mtimeMs) });
    else if (found.mtimeMs < Date.now() - ABANDONED_MILLIS) await rm(path, { force: true });
  }
  let total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const { path, bytes, usedMillis } of files.sort((a, b) => a.usedMillis - b.usedMillis)) {
    if (total <= maxBytes || usedMillis > Date.now() - IN_USE_MILLIS) return;
    await rm(path, { force: true });
    await rmdir(dirname(path)).catch(unlessFilled);
    total -= bytes;
  }
}

/** Another file of the same content lies there, or another process was first. */
function unlessFilled(error: NodeJS.ErrnoException): void {
  if (!['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(error.code ?? '')) throw error;
}

/** undefined where another process removed the file meanwhile. */
async function unlessGone<T>(work: Promise<T>): Promise<T | undefined> {
  return work.catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}
