import type { ColumnSchema } from '../domain/data/columns.ts';
import { PipelineError, refuseProblems, type Problem } from '../domain/errors.ts';
import { spineProblems } from '../domain/features/on-demand-rows.ts';
import { keyColumn, outputColumns, type FeatureSelection } from '../domain/features/snapshot.ts';
import { suggestion } from '../domain/nearest.ts';
import type { Recipe } from '../domain/recipe/recipe.ts';
import { decideInputColumns } from '../ml/preprocessing/input-columns.ts';
import type { LoadedRecipe } from '../ports/recipe-source.ts';
import type { TableColumn } from '../ports/warehouse.ts';

/** What a recipe's parts turned out to be; a part that has problems is undefined, and they are among `problems`. */
export interface Findings {
  readonly problems: Problem[];
  /** Columns of the loader's query. */
  readonly columns: readonly TableColumn[] | undefined;
  readonly selection: FeatureSelection | undefined;
}

/**
 * Runs one part of the check. What is wrong with the recipe is kept, so that the other parts are looked at too; an outage is thrown. `path`: the part of the recipe to mend, unless the problem names
 * one of the same section itself, or `placeOf` knows a closer one.
 */
export async function attempt<T>(problems: Problem[], path: string, work: () => Promise<T>, placeOf: (problem: Problem) => string | undefined = () => undefined): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof PipelineError) || error.retryable) throw error;
    const parts = error.problems.length === 0 ? [{ message: error.message, path }] : error.problems;
    const section = `${path.split('.')[0] ?? path}.`;
    for (const problem of parts) {
      const place = problem.path.startsWith(section) ? problem.path : placeOf(problem);
      problems.push(place === undefined ? { ...problem, path, message: named(problem) } : { ...problem, path: place });
    }
    return undefined;
  }
}

/** A problem of a template or definition keeps its own place in the message, when the path becomes that of the recipe. */
function named({ path, message, line, column }: Problem): string {
  return `${path}${line === undefined ? '' : ` (line ${line}, column ${column ?? 1})`}: ${message}`;
}

/** Refuses a recipe that does not fit its query, its features or its steps: every problem with its line and column in the recipe. */
export function refuseMisfits({ recipe, locate }: LoadedRecipe, recipeName: string, { problems, columns, selection }: Findings): void {
  const all = [...problems, ...(columns === undefined ? [] : columnProblems(recipe, columns, selection))];
  if (all.length === 0 && columns !== undefined && selection !== undefined) all.push(...inputProblems(recipe, columns, selection));
  const located = all.map(({ line: _, column: __, ...problem }) => locate(problem));
  refuseProblems('INVALID_RECIPE', `recipes/${recipeName} does not fit its query, features or steps; nothing was started.`, located);
}

/** What the recipe expects of the query's columns, and the query does not give. */
function columnProblems(recipe: Recipe, columns: readonly TableColumn[], selection: FeatureSelection | undefined): readonly Problem[] {
  const { loader, augmenter, data_interface: dataInterface } = recipe;
  const names = columns.map(({ name }) => name);
  const joinKeys = [...new Set((selection?.views ?? []).flatMap((view) => view.joinKeys.map(({ name }) => keyColumn(view, name))))];
  const expected: readonly (readonly [path: string, name: string])[] = [
    ...loader.entity_schema.entity_columns.map((name, index) => [`loader.entity_schema.entity_columns[${index}]`, name] as const),
    ['loader.entity_schema.timestamp_column', loader.entity_schema.timestamp_column],
    ...augmenter.request_columns.map((name, index) => [`augmenter.request_columns[${index}]`, name] as const),
    ['data_interface.target_column', dataInterface.target_column],
  ];
  const absent = expected.filter(([, name]) => !names.includes(name)).map(([path, name]) => ({ path, message: `is ${name}, which ${loader.source_uri} does not select.`, cure: suggestion(name, names) }));
  const keys = joinKeys.filter((name) => !loader.entity_schema.entity_columns.includes(name));
  const requested = (selection?.onDemand ?? []).flatMap((view) => spineProblems(view, columns).map(({ path, message, cure }) => ({ path: 'augmenter', message: `${path}: ${message}`, ...(cure === undefined ? {} : { cure }) })));
  return [...absent, ...requested, ...keys.map((name) => ({ path: 'loader.entity_schema.entity_columns', message: `lacks ${name}, the join key of a feature view that is used.`, cure: 'Select it in the query, and name it here.' }))];
}

/** What the steps and the columns they work on say of each other; the schema is that of the training set to come. */
function inputProblems(recipe: Recipe, columns: readonly TableColumn[], selection: FeatureSelection): readonly Problem[] {
  const spine = columns.flatMap(({ name, type }): ColumnSchema[] => (type === undefined ? [] : [{ name, type }]));
  const features = outputColumns(selection);
  try {
    decideInputColumns({ recipe, schema: [...spine, ...features.map(({ column, type }) => ({ name: column, type }))], features });
    return [];
  } catch (error) {
    if (error instanceof PipelineError) return error.problems;
    throw error;
  }
}
