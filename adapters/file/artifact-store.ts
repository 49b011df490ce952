import { randomBytes } from 'node:crypto';
import { constants, existsSync } from 'node:fs';
import { access, copyFile, mkdir, mkdtemp, open, readdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { PipelineError } from '../../domain/errors.ts';
import type { ArtifactStore } from '../../ports/artifact-store.ts';

/** Half-finished files lie here, under the root and so on its device. */
export const TEMPORARY = '.tmp';
const ABANDONED_AFTER_MS = 48 * 3600 * 1000;

/** Files under a root folder, made when it is first needed. What is published survives a loss of power: file and folders are flushed before and after the rename. */
export function createFileArtifactStore(rootFolder: string): ArtifactStore {
  const root = resolve(rootFolder);
  return {
    check: () => access(firstThere(root), constants.W_OK | constants.X_OK).catch((cause: unknown) => { throw new PipelineError('INVALID_CONFIG', `Nothing can be written into ${root}. Give this user the right to, or set artifacts.folder.`, { cause }); }),
    uri: (name) => pathToFileURL(nameInside(root, name)).href,
    publish: async (localPath, uri) => publish(root, localPath, pathOf(root, uri)),
    async localPath(uri) {
      const path = pathOf(root, uri);
      await refuseEscape(root, path, uri);
      if (!(await isThere(path))) throw new PipelineError('NOT_FOUND', `There is no file ${uri}. It may have expired or been removed: run the step that writes it again.`);
      return path;
    },
    async exists(uri) {
      const path = pathOf(root, uri);
      await refuseEscape(root, path, uri);
      return isThere(path);
    },
    async remove(uri) {
      const path = pathOf(root, uri);
      await refuseEscape(root, dirname(path), uri);
      await rm(path, { recursive: true, force: true });
    },
    async temporaryFolder(label) {
      const parent = join(root, TEMPORARY);
      await mkdir(parent, { recursive: true });
      await removeAbandoned(parent);
      return mkdtemp(join(parent, `${label.replaceAll(/[^\w-]/g, '_').slice(0, 60)}-`));
    },
  };
}

/** The folder itself, or the nearest one above it: those below are made when they are needed. */
function firstThere(folder: string): string {
  return existsSync(folder) || folder === dirname(folder) ? folder : firstThere(dirname(folder));
}

/** Folders of attempts that were killed. No attempt lasts this long without touching its folder. */
async function removeAbandoned(parent: string): Promise<void> {
  const oldest = Date.now() - ABANDONED_AFTER_MS;
  for (const name of await readdir(parent)) {
    const path = join(parent, name);
    const changed = await stat(path).then(({ mtimeMs }) => mtimeMs, () => Infinity);
    if (changed < oldest) await rm(path, { recursive: true, force: true });
  }
}

/** The path of a URI of this store. */
function pathOf(root: string, uri: string): string {
  let path: string;
  try {
    path = fileURLToPath(uri);
  } catch (error) {
    throw new PipelineError('INVALID_INPUT', `${uri} is no address of a file here. Expected file://${root}/...`, { cause: error });
  }
  return inside(root, path, uri);
}

/** The path, when it lies below the root by its text alone, and not among the temporary files. */
function inside(root: string, path: string, shown: string): string {
  const parts = relative(root, path).split(sep);
  if (isAbsolute(relative(root, path)) || ['', '..', TEMPORARY].includes(parts[0]!) || path.includes('\0')) throw outsideError(root, shown);
  return path;
}

/** A name is a plain relative path: nothing in it that means another folder. */
function nameInside(root: string, name: string): string {
  if (name.split('/').some((part) => part === '' || part === '.' || part === '..')) throw outsideError(root, name);
  return inside(root, join(root, name), name);
}

function outsideError(root: string, shown: string): PipelineError {
  return new PipelineError('INVALID_INPUT', `"${shown}" does not name a file below ${root}.`);
}

/** Refuses a path that leads out of the root by a symbolic link. Parts that do not exist yet lead nowhere. */
async function refuseEscape(root: string, path: string, shown: string): Promise<void> {
  const [realRoot, real] = [await nearestReal(root), await nearestReal(path)];
  if (real !== realRoot && !real.startsWith(`${realRoot}${sep}`)) throw new PipelineError('INVALID_INPUT', `"${shown}" leads out of ${root} by a symbolic link.`);
}

/** The path with all symbolic links followed; parts that do not exist are kept as they are. */
async function nearestReal(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(path) === path) throw error;
    return join(await nearestReal(dirname(path)), basename(path));
  }
}

async function publish(root: string, localPath: string, path: string): Promise<void> {
  if (!(await isThere(localPath))) throw new PipelineError('NOT_FOUND', `There is no file ${localPath} to publish.`);
  await refuseEscape(root, dirname(path), path);
  await syncFile(localPath);
  await makeFolders(dirname(path));
  await moveOrCopy(localPath, path);
  await syncFolder(dirname(path));
}

/** Moves the file; from another device it is copied under a name of its own first, so that the path never shows half of it. */
async function moveOrCopy(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    const building = join(dirname(to), `.${basename(to).slice(0, 100)}.${randomBytes(6).toString('hex')}`);
    try {
      await copyFile(from, building);
      await syncFile(building);
      await rename(building, to);
    } catch (failure) {
      await rm(building, { force: true });
      throw failure;
    }
  }
}

/** Makes the folder and flushes the entry of each new one. */
async function makeFolders(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true });
  if (first === undefined) return;
  for (let made = folder; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
}

async function isThere(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}

async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const syncFolder = syncFile;
