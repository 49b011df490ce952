import { readdir, readFile, realpath } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { PipelineError, refuseProblems } from '../../domain/errors.ts';
import { suggestion } from '../../domain/nearest.ts';
import { parsePath } from '../../domain/validation/shape.ts';
import { parseRecipe } from '../../domain/recipe/parse-recipe.ts';
import type { LoadedRecipe, RecipeSource } from '../../ports/recipe-source.ts';
import { readPositionedYaml } from './recipe-document.ts';

/** Recipes as YAML files below `folder`; a recipe's name is its path there without `.yaml`. */
export function createYamlRecipeSource(folder: string): RecipeSource {
  return {
    list: () => recipeNames(folder),
    load: async (name) => readRecipe(folder, await locateRecipe(folder, name)),
  };
}

async function recipeNames(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true }).catch(() => [] as string[]);
  return entries.filter((entry) => /\.ya?ml$/.test(entry)).map((entry) => entry.split(sep).join('/').replace(/\.ya?ml$/, '')).sort();
}

/** The file of that name: with or without ending, with or without a leading `recipes/`; never outside the folder. */
async function locateRecipe(folder: string, name: string): Promise<string> {
  const plain = name.replace(/^(\.\/)?(recipes\/)?/, '').replace(/\.ya?ml$/, '');
  const wanted = resolve(folder, plain);
  if (relative(resolve(folder), wanted).startsWith('..')) {
    throw new PipelineError('INVALID_RECIPE', `The recipe ${JSON.stringify(name)} lies outside the recipes folder ${folder}.`);
  }
  for (const ending of ['.yaml', '.yml']) {
    const real = await realpath(`${wanted}${ending}`).catch(() => undefined);
    if (real === undefined) continue;
    if (relative(await realpath(folder), real).startsWith('..')) throw new PipelineError('INVALID_RECIPE', `The recipe ${JSON.stringify(name)} is a link that leads out of the recipes folder ${folder}.`);
    return `${wanted}${ending}`;
  }
  throw new PipelineError('NOT_FOUND', `There is no recipe ${JSON.stringify(plain)} in ${folder}. ${suggestion(plain, await recipeNames(folder))}`);
}

async function readRecipe(folder: string, path: string): Promise<LoadedRecipe> {
  const text = await readFile(path, 'utf8');
  const file = join('recipes', relative(folder, path));
  const document = readPositionedYaml(text, file);
  const headline = `${file} is not a valid recipe; nothing was started.`;
  refuseProblems('INVALID_RECIPE', headline, document.problems);
  if (document.value === null) throw new PipelineError('INVALID_RECIPE', headline, { problems: [{ path: file, message: 'The file is empty.', cure: 'Copy a recipe to start from, such as those that `ml-pipeline init` writes.', line: 1, column: 1 }] });
  const { recipe, issues } = parseRecipe(document.value);
  if (recipe === undefined) throw new PipelineError('INVALID_RECIPE', headline, { problems: issues.map(document.locate) });
  return { recipe, text, locate: (problem) => ({ ...document.locate({ keys: parsePath(problem.path), message: problem.message }), ...problem }) };
}
