import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PipelineError } from '../../domain/errors.ts';
import type { ProbeResult } from '../../ports/probe.ts';
import { readSettings } from './environment-file.ts';
import { machineProbes } from './machine-probes.ts';
import { serverProbes } from './server-probes.ts';
import { stackSettings } from './settings.ts';
import type { StackSettings } from './settings.ts';
import { findToolsFolder } from './tools-folder.ts';
import type { ProjectFolders } from './tools-folder.ts';

/** Every check of the machine and, where it is used, of how the local stack's servers are set up, in the order to show them. Changes nothing, and takes 15 s at most. */
export async function probes(folders: ProjectFolders, { stack }: { readonly stack: boolean }): Promise<ProbeResult[]> {
  const toolsFolder = findToolsFolder(folders);
  const machine = machineProbes({ ...folders, toolsFolder }, { stack });
  if (!stack) return machine;
  const settings = readStackSettings(folders, toolsFolder);
  if ('cure' in settings) return [...(await machine), settings];
  const servers = serverProbes(settings);
  return [...(await machine), ...(await servers)];
}

function readStackSettings({ projectFolder, environment }: ProjectFolders, toolsFolder: string): StackSettings | (ProbeResult & { readonly cure: string }) {
  try {
    return stackSettings(readSettings(projectFolder, environment), { projectFolder, toolsFolder });
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    const before = '(the servers are not checked before that)';
    if (!existsSync(join(projectFolder, '.env'))) return { name: 'settings', ok: false, detail: 'there are no passwords without .env', cure: `Run: ml-pipeline stack up ${before}` };
    const detail = error.problems.map(({ path, message }) => `${path}: ${message}`).join(' ');
    return { name: 'settings', ok: false, detail, cure: `Mend .env as said ${before}.` };
  }
}
