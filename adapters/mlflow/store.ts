import { randomBytes } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { copyFile, link, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { PipelineError } from '../../domain/errors.ts';
import { underLock } from './lock.ts';
import { formatYaml } from './meta-yaml.ts';

/** Half-finished files and the lock. MLflow passes over folders of the root whose name ends in `.trash`. */
const OWN_FOLDER = '.ml_pipeline.trash';
const DAY_MILLIS = 86_400_000;

/** The folder of a file store, and the ways to write to it: whatever appears in it appears whole, so that no reader sees half of anything. */
export interface Store {
  /** Absolute. */
  readonly root: string;
  /** One caller at a time, over all processes. Keep it short. */
  locked<T>(work: () => Promise<T>): Promise<T>;
  /** Writes or replaces a file. */
  replaceFile(path: string, text: string): Promise<void>;
  /** The same with a copy of another file. */
  replaceWithCopy(path: string, from: string): Promise<void>;
  /** Writes a file that is not there yet; false, and nothing done, when it is. */
  createFile(path: string, text: string): Promise<boolean>;
  /** Has a folder filled elsewhere and puts it in place; false, and what was filled is removed, when it is there already. */
  createFolder(path: string, fill: (folder: string) => Promise<void>): Promise<boolean>;
}

/** Opens the store, and makes it when there is none. INVALID_CONFIG when the folder cannot be written. */
export async function openStore(root: string, options: { readonly lockPatienceMillis?: number } = {}): Promise<Store> {
  const absolute = resolve(root);
  const temporary = join(absolute, OWN_FOLDER, 'new');
  try {
    await mkdir(temporary, { recursive: true });
    await mkdir(join(absolute, '.trash'), { recursive: true });
    await removeLeftOver(temporary);
  } catch (error) {
    throw new PipelineError('INVALID_CONFIG', `The MLflow folder ${absolute} cannot be written (${(error as Error).message}). Name another one, or change its owner.`, { cause: error });
  }
  const store = writers(absolute, temporary, options.lockPatienceMillis);
  await store.createFolder(join(absolute, '0'), (folder) => writeFile(join(folder, 'meta.yaml'), experimentMeta(absolute, '0', 'Default', Date.now())));
  return store;
}

/** The text of an experiment's `meta.yaml`. */
export function experimentMeta(root: string, id: string, name: string, millis: number): string {
  return formatYaml({
    artifact_location: pathToFileURL(join(root, id)).href,
    creation_time: millis,
    experiment_id: id,
    last_update_time: millis,
    lifecycle_stage: 'active',
    name,
  });
}

function writers(root: string, temporary: string, patienceMillis: number | undefined): Store {
  const draft = (): string => join(temporary, randomBytes(9).toString('hex'));
  const put = async (path: string, write: (file: string) => Promise<void>): Promise<void> => {
    const file = draft();
    await mkdir(dirname(path), { recursive: true });
    await write(file);
    await rename(file, path);
  };
  return {
    root,
    locked: inTurn((work) => underLock(join(root, OWN_FOLDER, 'lock'), work, patienceMillis)),
    replaceFile: (path, text) => put(path, (file) => writeFile(file, text)),
    replaceWithCopy: (path, from) => put(path, (file) => copyFile(from, file)),
    createFile: (path, text) => createFile(draft(), path, text),
    createFolder: (path, fill) => createFolder(temporary, path, fill),
  };
}

/** Callers of this process queue here, so that only one of them looks at the lock's files again and again. */
function inTurn(lock: <T>(work: () => Promise<T>) => Promise<T>): Store['locked'] {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = last.then(() => lock(work));
    last = turn.catch(() => undefined); // its caller is told; the next one goes on
    return turn;
  };
}

async function createFile(draft: string, path: string, text: string): Promise<boolean> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(draft, text);
  try {
    await link(draft, path); // unlike a rename, a link never replaces
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

async function createFolder(temporary: string, path: string, fill: (folder: string) => Promise<void>): Promise<boolean> {
  if (await isThere(path)) return false;
  const folder = join(temporary, randomBytes(9).toString('hex'));
  await mkdir(folder); // not mkdtemp: MLflow may run as another user, and must be able to read it
  try {
    await fill(folder);
    await mkdir(dirname(path), { recursive: true });
    await rename(folder, path); // fails where a folder with anything in it lies
    return true;
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    if (['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}

/** Removes what processes that were killed left half-finished more than a day ago. */
async function removeLeftOver(temporary: string): Promise<void> {
  for (const name of await readdir(temporary)) {
    const path = join(temporary, name);
    const age = await stat(path).then((found) => Date.now() - found.mtimeMs, () => 0); // gone meanwhile: nothing to remove
    if (age > DAY_MILLIS) await rm(path, { recursive: true, force: true });
  }
}

export async function isThere(path: string): Promise<boolean> {
  return stat(path).then(() => true, (error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return false;
    throw error;
  });
}

/** The entries of a folder; none when it is not there. */
export async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Names of the folders in a folder, sorted; none when it is not there. */
export async function foldersIn(folder: string): Promise<string[]> {
  return (await entriesOf(folder)).filter((entry) => entry.isDirectory()).map((entry) => entry.name).sort();
}
