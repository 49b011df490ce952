import { readdir, readFile, realpath } from 'node:fs/promises';
import { isAbsolute, join, relative, sep } from 'node:path';
import { PipelineError } from '../../domain/errors.ts';
import { suggestion } from '../../domain/nearest.ts';

/**
 * The text of a template of the folder. INVALID_INPUT for a path that leads out of the folder, also by a symbolic link; NOT_FOUND when there is no such file.
 */
export async function readTemplate(folder: string, sourceUri: string): Promise<string> {
  if (isAbsolute(sourceUri) || /[\\\0:]/.test(sourceUri) || sourceUri.split('/').some((part) => part === '..' || part === '')) throw outside(sourceUri);
  const root = await realpath(folder).catch((error: unknown) => {
    throw new PipelineError('NOT_FOUND', `There is no recipes folder ${folder}.`, { cause: error });
  });
  const file = await realpath(join(root, sourceUri)).catch(async (error: unknown) => {
    if ((error as { code?: unknown }).code !== 'ENOENT') throw error;
    throw new PipelineError('NOT_FOUND', `There is no template ${sourceUri} in ${folder}. ${suggestion(sourceUri, await templateNames(root))}`, { cause: error });
  });
  const inside = relative(root, file);
  if (inside.split(sep)[0] === '..' || isAbsolute(inside)) throw outside(sourceUri);
  return readFile(file, 'utf8');
}

/** The templates of the folder, as recipes name them; folders that are links are not gone into. */
async function templateNames(root: string): Promise<readonly string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries.filter(({ name }) => /\.(sql|j2)$/.test(name)).map(({ parentPath, name }) => relative(root, join(parentPath, name)).split(sep).join('/')).sort();
}

function outside(sourceUri: string): PipelineError {
  return new PipelineError('INVALID_INPUT', `loader.source_uri ${JSON.stringify(sourceUri)} leads out of the recipes folder: give a path inside it, such as sql/flights_spine.sql.j2.`);
}
