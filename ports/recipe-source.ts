import type { Problem } from '../domain/errors.ts';
import type { Recipe } from '../domain/recipe/recipe.ts';

/** Recipes by name (`models/classification/random_forest_classifier`), from the project's `recipes/` folder. */
export interface RecipeSource {
  /** INVALID_RECIPE with every problem, each with line and column; NOT_FOUND with the nearest name. */
  load(name: string): Promise<LoadedRecipe>;
  /** Names of all recipe files, sorted. */
  list(): Promise<readonly string[]>;
}

export interface LoadedRecipe {
  readonly recipe: Recipe;
  /** The file's text as it is, for the wrapped artifact. */
  readonly text: string;
  /** The problem with the line and column of what its path names (`augmenter.request_columns[0]`), or of the nearest part around it. */
  locate(problem: Problem): Problem;
}
