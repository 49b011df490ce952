import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type ErrorCode, ERROR_CODES, PipelineError, type Problem, refuseProblems } from '../../domain/errors.ts';
import type { FeatureRepository } from '../../domain/features/definitions.ts';
import { repositoryProblems } from '../../domain/features/validate.ts';
import type { FeatureRepositorySource } from '../../ports/feature-repository-source.ts';
import { withBundles } from './load-transforms.ts';

const FILE = 'index.ts';
const PARTS = ['entities', 'featureViews', 'featureServices'] as const;

/** Reads `<folder>/index.ts`, whose default export is what `defineFeatureRepository` returned, and bundles its transforms. Files are read again when one of them changed. */
export function createFeatureRepositorySource(folder: string): FeatureRepositorySource {
  let loaded: { readonly state: string; readonly repository: FeatureRepository } | undefined;
  return {
    load: async () => {
      const state = folderState(folder);
      if (loaded?.state !== state) loaded = { state, repository: await loadRepository(folder) };
      return loaded.repository;
    },
  };
}

async function loadRepository(folder: string): Promise<FeatureRepository> {
  const file = join(folder, FILE);
  if (!existsSync(file)) throw new PipelineError('NOT_FOUND', `There is no ${file}. "ml-pipeline init" writes an example.`);
  const repository = innerDefault(await importFile(file, folder), isRepository);
  if (!isRepository(repository)) {
    throw new PipelineError('INVALID_DEFINITION', `${file} does not export a feature repository. Write: export default defineFeatureRepository({ ${PARTS.join(', ')} })`);
  }
  refuseProblems('INVALID_DEFINITION', `${file} is not valid.`, repositoryProblems(repository));
  return withBundles(repository, folder, async (module) => innerDefault(await importFile(join(folder, module), folder), (value) => typeof value === 'function'));
}

async function importFile(file: string, folder: string): Promise<unknown> {
  const { tsImport } = await import('tsx/esm/api'); // only now: it brings a compiler along
  try {
    return await tsImport(pathToFileURL(file).href, import.meta.url);
  } catch (error) {
    throw asPipelineError(error, folder);
  }
}

/** A file that Node takes for CommonJS has its default export one level deeper. */
function innerDefault(module: unknown, isWanted: (value: unknown) => boolean): unknown {
  const value = (module as { default?: unknown }).default;
  return isWanted(value) ? value : (value as { default?: unknown } | undefined)?.default;
}

function isRepository(value: unknown): value is FeatureRepository {
  return typeof value === 'object' && value !== null && PARTS.every((part) => Array.isArray((value as Record<string, unknown>)[part]));
}

/**
 * The definitions load their own copy of the error class: it is known by its name. The message says where the definition stands.
 */
function asPipelineError(error: unknown, folder: string): PipelineError {
  const { name, message, stack = '', code, problems } = error as Error & { code?: unknown; problems?: readonly Problem[] };
  const where = definitionLine(stack, folder) ?? folder;
  if (name === 'PipelineError' && typeof code === 'string' && code in ERROR_CODES) {
    return new PipelineError(code as ErrorCode, `${where}: ${message.split('\n', 1)[0]}`, { problems: problems ?? [], cause: error });
  }
  return new PipelineError('INVALID_DEFINITION', `The feature definitions cannot be loaded (${where}): ${message}`, { cause: error });
}

/** `feature_repo/weather.ts:12`: the innermost line of the folder's files on a stack. */
function definitionLine(stack: string, folder: string): string | undefined {
  for (const line of stack.split('\n')) {
    const [, path = '', number] = /(?:\(|at )(?:file:\/\/)?(\/[^?]*?)(?:\?.*)?:(\d+):\d+\)?$/.exec(line) ?? [];
    if (path.startsWith(`${folder}${sep}`)) return `${relative(join(folder, '..'), path)}:${number}`;
  }
  return undefined;
}

/** Changes when a file of the folder is written, added or removed. */
function folderState(folder: string): string {
  if (!existsSync(folder)) return '';
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  return files.map((file) => `${file} ${statSync(join(folder, file)).mtimeMs} ${statSync(join(folder, file)).size}`).join('\n');
}
