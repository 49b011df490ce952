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
}
