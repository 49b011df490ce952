import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RUNS_FOLDER } from '../domain/run-key.ts';
import type { ArtifactStore } from '../ports/artifact-store.ts';

/** Everything that a run keeps between its steps lies under one name, so that it can be found and removed as one. */
export function runFile(key: string, name: string): string {
  return `${RUNS_FOLDER}/${key}/${name}`;
}

/** Gives the work an empty folder of its own attempt and removes it afterwards, whatever happens. */
export async function withTemporaryFolder<T>(store: ArtifactStore, label: string, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await store.temporaryFolder(label);
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export async function publishJson(store: ArtifactStore, uri: string, value: unknown): Promise<string> {
  await withTemporaryFolder(store, 'json', async (folder) => {
    const path = join(folder, 'value.json');
    await writeFile(path, JSON.stringify(value));
    await store.publish(path, uri);
  });
  return uri;
}

/** The value that `publishJson` wrote under the URI. */
export async function readJson<T>(store: ArtifactStore, uri: string): Promise<T> {
  return JSON.parse(await readFile(await store.localPath(uri), 'utf8')) as T;
}
