import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { PipelineError } from '../../domain/errors.ts';
import { isThere } from '../mlflow/store.ts';
import type { ArtifactPlace } from './artifact-place.ts';
import type { Server } from './server.ts';

/** Artifacts in a folder that this machine shares with the server. */
export function folderPlace(server: Server, folder: string): ArtifactPlace {
  return {
    folder,
    put: async (path, localFile) => {
      await checkShared(server, folder);
      const target = join(folder, path);
      const draft = join(dirname(target), `.${randomBytes(6).toString('hex')}.part`);
      await mkdir(dirname(target), { recursive: true });
      try {
        await copyFile(localFile, draft);
        await rename(draft, target);
      } finally {
        await rm(draft, { force: true });
      }
    },
    files: async () => {
      if (!(await isThere(folder))) return [];
      const entries = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
      return Promise.all(entries.map(async (entry) => {
        const file = join(entry.parentPath, entry.name);
        return { path: relative(folder, file), bytes: (await stat(file)).size };
      }));
    },
    get: ({ path }, localFile) => copyFile(join(folder, path), localFile),
  };
}

/** A server on another machine names a folder of its own: what is written to the same path here, nobody would find. */
async function checkShared(server: Server, folder: string): Promise<void> {
  // <root>/<experiment>/<run>/artifacts, <root>/<experiment>/models/<model>/artifacts
  const root = resolve(folder, ...(dirname(dirname(folder)).endsWith('/models') ? ['..', '..', '..', '..'] : ['..', '..', '..']));
  if (await isThere(root)) return;
  throw new PipelineError('UNSUPPORTED', `The MLflow server ${server.uri} has callers write artifacts to its folder ${root}, which is not on this machine. Start it with --serve-artifacts, and use a new experiment: then files pass through the server.`);
}
