import type { ColumnSchema, ColumnType } from '../../domain/data/columns.ts';
import { refuseProblems } from '../../domain/errors.ts';
import type { Problem } from '../../domain/errors.ts';
import type { InputColumn } from '../../domain/model/preprocessor.ts';
import { suggestion } from '../../domain/nearest.ts';
import type { PreprocessingStep, Recipe } from '../../domain/recipe/recipe.ts';
import { isOutputName } from '../model-outputs.ts';
import { inputTypeOf } from './column-values.ts';
import { stepProblems } from './step-problems.ts';

export interface InputColumnRequest {
  readonly recipe: Pick<Recipe, 'augmenter' | 'loader' | 'preprocessor' | 'data_interface'>;
  /** All columns of the training set: the spine's and the features'. */
  readonly schema: readonly ColumnSchema[];
  /** The columns that hold features, in the order of their selection; empty without a feature store. */
  readonly features: readonly { readonly column: string; readonly isOnDemand: boolean }[];
}

/**
 * The raw columns that a model takes, in order: features, then request columns, then the entity columns that a one_hot step names.
 * INVALID_RECIPE with every problem: a column that is absent, of a type that no model takes, text that no one_hot step encodes, the target itself, a name
 * that the graph's outputs have, a step that names no input or does not fit its type.
 */
export function decideInputColumns(request: InputColumnRequest): readonly InputColumn[] {
  const { recipe } = request;
  const { steps } = recipe.preprocessor;
  const oneHotNames = new Set(steps.flatMap((step) => (step.type === 'one_hot' ? step.columns : [])));
  const candidates = [
    ...request.features.map(({ column, isOnDemand }) => ({ name: column, origin: isOnDemand ? ('on_demand' as const) : ('feature' as const) })),
    ...recipe.augmenter.request_columns.map((name) => ({ name, origin: 'request' as const })),
    ...recipe.loader.entity_schema.entity_columns.filter((name) => oneHotNames.has(name)).map((name) => ({ name, origin: 'entity' as const })),
  ];
  const problems: Problem[] = [];
  const inputs: InputColumn[] = [];
  for (const { name, origin } of candidates) {
    const type = checkCandidate(name, origin, request, inputs, problems);
    if (type !== undefined) inputs.push({ name, type, origin });
  }
  if (candidates.length === 0) problems.push({ path: 'augmenter', message: 'the model has no input columns.', cure: 'Name features, or request_columns that the spine query selects.' });
  problems.push(...stepProblems(steps, inputs, recipe.loader.entity_schema.entity_columns, new Set(candidates.map(({ name }) => name))));
  refuseProblems('INVALID_RECIPE', 'the recipe does not fit the columns of its training set', problems);
  return inputs;
}

/** The names of the number columns that `numeric` means: all that no one_hot step takes. */
export function numericColumns(inputs: readonly InputColumn[], steps: readonly PreprocessingStep[]): readonly string[] {
  const oneHotNames = new Set(steps.flatMap((step) => (step.type === 'one_hot' ? step.columns : [])));
  return inputs.filter(({ name, type }) => type === 'number' && !oneHotNames.has(name)).map(({ name }) => name);
}

function checkCandidate(name: string, origin: InputColumn['origin'], request: InputColumnRequest, earlier: readonly InputColumn[], problems: Problem[]): InputColumn['type'] | undefined {
  const { augmenter, loader } = request.recipe;
  const path = origin === 'feature' || origin === 'on_demand' ? featuresPath(augmenter) : origin === 'request' ? `augmenter.request_columns[${augmenter.request_columns.indexOf(name)}]` : `loader.entity_schema.entity_columns[${loader.entity_schema.entity_columns.indexOf(name)}]`;
  const refuse = (message: string, cure: string): undefined => void problems.push({ path, message, cure });
  const column = request.schema.find((candidate) => candidate.name === name);
  if (column === undefined) return refuse(`the training set has no column ${name}.`, suggestion(name, request.schema.map((candidate) => candidate.name)));
  if (name === request.recipe.data_interface.target_column) return refuse(`${name} is the target; a model cannot take what it is to predict.`, 'Leave it out.');
  if (earlier.some((input) => input.name === name)) return refuse(`${name} is an input already.`, 'Name it once, or rename one of the columns.');
  if (isOutputName(name)) return refuse(`${name} is a name that the model's outputs have.`, 'Rename the column.');
  const type = inputTypeOf(column.type);
  if (type === undefined) return refuse(`a model takes numbers and text, and ${name} is of type ${column.type}.`, cureOf(column.type));
  return type;
}

function featuresPath(augmenter: Recipe['augmenter']): string {
  return augmenter.type === 'feature_store' && augmenter.feature_service !== undefined ? 'augmenter.feature_service' : 'augmenter.features';
}

function cureOf(type: ColumnType): string {
  if (type === 'Decimal') return 'Declare the feature as Float64, or leave it out.';
  if (type === 'Uuid') return 'Declare the feature as String, or leave it out.';
  return 'Leave it out (`features get` and `features historical` give it), or derive a number from it in the SQL that builds its table.';
}
