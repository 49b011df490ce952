import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { PipelineError } from '../../domain/errors.ts';
import { checkFileStore, ensureMlflow, shellCommand, startMlflow } from './mlflow-tool.ts';
import type { MlflowTool } from './mlflow-tool.ts';
import { isThere } from './store.ts';

/**
 * Copies a file store into a new SQLite file with MLflow's own migration; the files stay, and so do the artifacts, which the new store names where they are.
 * CONFLICT when `target` is there already, UNAVAILABLE with MLflow's last lines when the migration fails.
 */
export async function migrateFileStore(options: MlflowTool & { readonly root: string; readonly target: string; readonly onLine: (line: string) => void }): Promise<void> {
  await checkFileStore(options.root);
  const target = resolve(options.target);
  if (await isThere(target)) throw new PipelineError('CONFLICT', `${target} is there already, and MLflow migrates only into a new file. Name another, or remove it.`);
  await ensureMlflow(options, options.onLine);
  await mkdir(dirname(target), { recursive: true });
  const draft = `${target}.${process.pid}.new`; // a migration that is cut short leaves half a store
  const args = (file: string): readonly string[] => ['migrate-filestore', '--source', options.root, '--target', `sqlite:///${file}`];
  const { ended, lastLines } = startMlflow(options, args(draft), options.onLine);
  try {
    if ((await ended) !== 0) throw new PipelineError('UNAVAILABLE', `MLflow's migration failed:\n${lastLines()}\nBy hand: ${shellCommand(options, args(target))}`);
    await rename(draft, target);
  } finally {
    await rm(draft, { force: true });
  }
}
