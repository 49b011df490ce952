import assert from 'node:assert/strict';
import type { ColumnSchema } from '../../../domain/data/columns.ts';
import { PipelineError } from '../../../domain/errors.ts';
import type { PreprocessingStep } from '../../../domain/recipe/recipe.ts';
import { decideInputColumns, numericColumns } from '../../../ml/preprocessing/input-columns.ts';
import type { InputColumnRequest } from '../../../ml/preprocessing/input-columns.ts';

const schema: readonly ColumnSchema[] = [
  { name: 'carrier', type: 'String' }, { name: 'tailnum', type: 'String' }, { name: 'stop', type: 'Int64' }, { name: 'event_timestamp', type: 'Timestamp' }, { name: 'late', type: 'Int64' },
  { name: 'distance', type: 'Float64' }, { name: 'note', type: 'String' }, { name: 'temp', type: 'Float32' }, { name: 'is_new', type: 'Bool' }, { name: 'photo', type: 'Bytes' }, { name: 'prediction', type: 'Float64' },
  { name: 'tags', type: 'Array(String)' }, { name: 'price', type: 'Decimal' }, { name: 'visit', type: 'Uuid' },
];

function requestOf(steps: readonly PreprocessingStep[], featureColumns = ['temp', 'is_new'], requestColumns = ['distance']): InputColumnRequest {
  return {
    schema, features: featureColumns.map((column) => ({ column, isOnDemand: column === 'is_new' })),
    recipe: {
      loader: { source_uri: 'sql/x.sql.j2', parameters: {}, entity_schema: { entity_columns: ['carrier', 'tailnum', 'stop'], timestamp_column: 'event_timestamp' } },
      augmenter: { type: 'feature_store', feature_service: 'flights_v1', request_columns: requestColumns },
      preprocessor: { steps }, data_interface: { task_type: 'classification', target_column: 'late' },
    },
  };
}

function problemsOf(request: InputColumnRequest): readonly string[] {
  try {
    decideInputColumns(request);
  } catch (error) {
    assert.ok(error instanceof PipelineError && error.code === 'INVALID_RECIPE', String(error));
    return error.problems.map(({ path, message, cure }) => `${path}: ${message} ${cure}`);
  }
  return [];
}

describe('decideInputColumns', () => {
  it('takes features, then request columns, then the entity columns that are one-hot encoded', () => {
    const steps = [{ type: 'impute', strategy: 'median', columns: 'numeric' }, { type: 'one_hot', columns: ['stop', 'carrier'], handle_unknown: 'ignore' }] as const;
    const inputs = decideInputColumns(requestOf(steps));
    assert.deepEqual(inputs.map(({ name, type, origin }) => `${name} ${type} ${origin}`), ['temp number feature', 'is_new number on_demand', 'distance number request', 'carrier string entity', 'stop number entity']);
    assert.deepEqual(numericColumns(inputs, steps), ['temp', 'is_new', 'distance']);
  });

  it('refuses lists, decimals and uuids, which no model takes, and says what to do', () => {
    assert.deepEqual(problemsOf(requestOf([], ['temp', 'tags', 'price', 'visit'])), [
      'augmenter.feature_service: a model takes numbers and text, and tags is of type Array(String). Leave it out (`features get` and `features historical` give it), or derive a number from it in the SQL that builds its table.',
      'augmenter.feature_service: a model takes numbers and text, and price is of type Decimal. Declare the feature as Float64, or leave it out.',
      'augmenter.feature_service: a model takes numbers and text, and visit is of type Uuid. Declare the feature as String, or leave it out.',
    ]);
  });

  it('tells every problem at once, each with its cure', () => {
    const problems = problemsOf(requestOf(
      [
        { type: 'one_hot', columns: ['carier'], handle_unknown: 'ignore' },
        { type: 'impute', strategy: 'mean', columns: ['tailnum', 'note'] },
        { type: 'one_hot', columns: ['is_new'], handle_unknown: 'error' },
        { type: 'standardize', columns: ['is_new'] },
      ],
      ['temp', 'tmp', 'temp', 'photo', 'is_new'], ['late', 'note', 'prediction'],
    ));
    assert.deepEqual(problems, [
      'augmenter.feature_service: the training set has no column tmp. Did you mean "temp"?',
      'augmenter.feature_service: temp is an input already. Name it once, or rename one of the columns.',
      'augmenter.feature_service: a model takes numbers and text, and photo is of type Bytes. Leave it out (`features get` and `features historical` give it), or derive a number from it in the SQL that builds its table.',
      'augmenter.request_columns[0]: late is the target; a model cannot take what it is to predict. Leave it out.',
      "augmenter.request_columns[2]: prediction is a name that the model's outputs have. Rename the column.",
      'preprocessor.steps[0].one_hot[0]: carier is no input of the model. Did you mean "carrier"?',
      'preprocessor.steps[1].columns[0]: tailnum is no input of the model. It is an entity column: only a one_hot step makes an input of it.',
      'preprocessor.steps[1].columns[1]: note is text, and impute works on numbers. Leave it out here.',
      'preprocessor.steps[2].one_hot[0]: is_new is a number, and handle_unknown: error is for text. Use handle_unknown: ignore, or make it text in the spine query.',
      'preprocessor.steps[3].standardize[0]: is_new is one-hot encoded before this step. Put standardize before one_hot, or leave the column out here.',
      'preprocessor.steps: note is text, and no step makes numbers of it. Add { one_hot: [note], handle_unknown: ignore }, or leave the column out.',
    ]);
  });

  it('refuses a column encoded twice, a standardized category, and a model without inputs', () => {
    const twice = problemsOf(requestOf([
      { type: 'standardize', columns: ['is_new'] }, { type: 'one_hot', columns: ['carrier', 'is_new'], handle_unknown: 'ignore' }, { type: 'one_hot', columns: ['carrier'], handle_unknown: 'ignore' },
    ]));
    assert.deepEqual(twice.map((problem) => problem.slice(0, 63)), ['preprocessor.steps[0].standardize[0]: is_new is one-hot encoded', 'preprocessor.steps[2].one_hot[0]: carrier is encoded already. N']);
    assert.match(problemsOf(requestOf([], [], [])).join(), /augmenter: the model has no input columns/u);
  });
});
