import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PipelineError } from '../../domain/errors.ts';
import type { LocalStack } from '../../ports/local-stack.ts';
import { composeStack, findCompose } from './compose-stack.ts';
import { ensureEnvironmentFile, readSettings } from './environment-file.ts';
import { nativeStack, runningNatively } from './native-stack.ts';
import { stackSettings } from './settings.ts';
import type { StackSettings } from './settings.ts';
import { findToolsFolder } from './tools-folder.ts';
import type { ProjectFolders } from './tools-folder.ts';

/** The stack of a project folder. The first time, it makes .env there with random passwords, and says so. */
export async function openProjectStack(folders: ProjectFolders, onStep: (step: string) => void = () => undefined): Promise<LocalStack> {
  const { projectFolder, packageFolder, environment } = folders;
  if (ensureEnvironmentFile(projectFolder, join(packageFolder, '.env.example'))) onStep('made .env with random passwords');
  return openLocalStack(stackSettings(readSettings(projectFolder, environment), { projectFolder, toolsFolder: findToolsFolder(folders) }));
}

/**
 * The stack by the engine that the settings name. `auto`: native servers that run keep their engine; else compose where a container engine
 * answers and the project has the compose file; else native.
 */
export async function openLocalStack(settings: StackSettings): Promise<LocalStack> {
  const automatic = settings.engine === 'auto';
  if (settings.engine === 'native' || (automatic && (!existsSync(settings.composeFile) || (await runningNatively(settings)).length > 0))) return nativeStack(settings);
  const compose = await findCompose();
  if (compose !== undefined) return composeStack(settings, compose);
  if (automatic) return nativeStack(settings);
  throw new PipelineError('UNAVAILABLE', 'STACK_ENGINE=compose, but no container engine answers `docker info`, or it has no compose. Start it, or set STACK_ENGINE=native (Linux).');
}
