import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { PipelineError } from '../../domain/errors.ts';
import { readSettings } from './environment-file.ts';

export interface ProjectFolders {
  readonly projectFolder: string;
  /** Where this package is: the project itself, or below its node_modules. */
  readonly packageFolder: string;
  readonly environment: NodeJS.ProcessEnv;
}

/** The tool folder: what ML_PIPELINE_TOOLS names in the environment or in .env (relative to the project folder), else `.tools` of the project. */
export function findToolsFolder({ projectFolder, environment }: Pick<ProjectFolders, 'projectFolder' | 'environment'>): string {
  return resolve(projectFolder, readSettings(projectFolder, environment)['ML_PIPELINE_TOOLS'] || '.tools');
}

/** Runs `scripts/install_tools.sh` of the package for this project, its lines on standard error. `sets`: as the script names them; none: the usual ones. */
export async function installTools(folders: ProjectFolders, sets: readonly string[]): Promise<void> {
  const script = join(folders.packageFolder, 'scripts', 'install_tools.sh');
  const child = spawn('bash', [script, ...sets], { env: { ...folders.environment, ML_PIPELINE_TOOLS: findToolsFolder(folders) }, stdio: ['ignore', 2, 2] });
  const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  if (code !== 0) throw new PipelineError('UNAVAILABLE', `${script} ended with exit code ${code}; its lines above say why.`);
}
