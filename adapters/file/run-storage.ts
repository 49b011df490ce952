import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { RUNS_FOLDER } from '../../domain/run-key.ts';
import type { RunStorage, StoredFolder } from '../../ports/run-storage.ts';
import { TEMPORARY } from './artifact-store.ts';

/** The folders of runs and attempts under the root of a file artifact store. */
export function createFileRunStorage(rootFolder: string): RunStorage {
  const root = resolve(rootFolder);
  const parents: Readonly<Record<StoredFolder['kind'], string>> = { run: join(root, RUNS_FOLDER), temporary: join(root, TEMPORARY) };
  return {
    list: async () => {
      const folders: StoredFolder[] = [];
      for (const kind of ['run', 'temporary'] as const) {
        for (const name of (await unlessGone(readdir(parents[kind])) ?? []).sort()) folders.push({ kind, name, ...(await measure(join(parents[kind], name))) });
      }
      return folders;
    },
    remove: async ({ kind, name }) => {
      const removed = kind === 'temporary' ? join(parents.temporary, name) : await setAside(join(parents.run, name), parents.temporary);
      await rm(removed, { recursive: true, force: true });
    },
  };
}

/** Renames the folder, so that a removal that is killed leaves no half of it where it is looked for. */
async function setAside(path: string, temporary: string): Promise<string> {
  await mkdir(temporary, { recursive: true });
  const aside = join(temporary, `removed-${randomBytes(6).toString('hex')}`);
  await unlessGone(rename(path, aside));
  return aside;
}

async function measure(path: string): Promise<Pick<StoredFolder, 'bytes' | 'changedMillis'>> {
  const own = await unlessGone(stat(path));
  if (own === undefined) return { bytes: 0, changedMillis: 0 };
  if (!own.isDirectory()) return { bytes: own.size, changedMillis: own.mtimeMs };
  let [bytes, changedMillis] = [0, own.mtimeMs];
  for (const name of (await unlessGone(readdir(path))) ?? []) {
    const part = await measure(join(path, name));
    [bytes, changedMillis] = [bytes + part.bytes, Math.max(changedMillis, part.changedMillis)];
  }
  return { bytes, changedMillis };
}

/** undefined for what is not there, or was removed meanwhile by the attempt that it belonged to. */
async function unlessGone<T>(work: Promise<T>): Promise<T | undefined> {
  return work.catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}
