import type { Bucket } from '@google-cloud/storage';
import { RUNS_FOLDER } from '../../domain/run-key.ts';
import type { RunStorage, StoredFolder } from '../../ports/run-storage.ts';
import { removeBelow } from './artifact-store.ts';
import { listObjects } from './objects.ts';

/**
 * The runs' objects of a bucket, and the temporary folders of this machine. `prefix` as in the artifact store. A removal that was broken off leaves objects, which are listed as the run's
 * again.
 */
export function createGcsRunStorage({ bucket, prefix, local }: { readonly bucket: Bucket; readonly prefix: string; readonly local: RunStorage }): RunStorage {
  const runs = `${prefix}${RUNS_FOLDER}/`;
  return {
    list: async () => {
      const found = new Map<string, { bytes: number; changedMillis: number }>();
      for await (const { name, bytes, updatedMillis } of listObjects(bucket, runs)) {
        const key = name.slice(runs.length).split('/', 1)[0]!;
        const run = found.get(key) ?? { bytes: 0, changedMillis: 0 };
        found.set(key, { bytes: run.bytes + bytes, changedMillis: Math.max(run.changedMillis, updatedMillis) });
      }
      const temporary = (await local.list()).filter(({ kind }) => kind === 'temporary');
      return [...[...found].sort().map(([name, run]): StoredFolder => ({ kind: 'run', name, ...run })), ...temporary];
    },
    remove: async (folder) => (folder.kind === 'temporary' ? local.remove(folder) : removeBelow(bucket, `${runs}${folder.name}/`)),
  };
}
