import { join } from 'node:path';
import { PipelineError } from '../../domain/errors.ts';
import type { ProbeResult } from '../../ports/local-stack.ts';
import { readSettings } from './environment-file.ts';
import { machineProbes } from './machine-probes.ts';
import { serverProbes } from './server-probes.ts';
import { stackSettings } from './settings.ts';
import type { StackSettings } from './settings.ts';

export interface ProbeOptions {
  readonly projectFolder: string;
  /** Where this package is: the project itself, or below its node_modules. */
  readonly packageFolder: string;
  /** Default: `.tools` in the project folder. */
  readonly toolsFolder?: string;
  readonly environment: NodeJS.ProcessEnv;
}

/** Every check of the machine and of the local stack's servers, in the order to show them. Changes nothing, and takes 15 s at most. */
export async function probes(options: ProbeOptions): Promise<ProbeResult[]> {
  const { projectFolder, toolsFolder = join(projectFolder, '.tools') } = options;
  const machine = machineProbes({ ...options, toolsFolder });
  const settings = readStackSettings({ ...options, toolsFolder });
  if (!('projectFolder' in settings)) return [...(await machine), settings];
  const servers = serverProbes(settings);
  return [...(await machine), ...(await servers)];
}

function readStackSettings(options: ProbeOptions & { readonly toolsFolder: string }): StackSettings | ProbeResult {
  try {
    return stackSettings(readSettings(options.projectFolder, options.environment), options);
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    return { name: 'settings', ok: false, detail: error.message, cure: 'Mend .env as said (the servers are not checked before that).' };
  }
}
