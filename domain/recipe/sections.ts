import { boolean, choice, isRecord, list, number, record, refuse, show, text, type Shape } from '../validation/shape.ts';
import { defaulted, object, optional, required } from '../validation/object.ts';
import { TASK_TYPES, type AugmenterSection, type Hyperparameter, type HyperparameterValue, type Threshold } from './recipe.ts';
import { preprocessingStep } from './steps-shape.ts';

const identifier = text({ pattern: /^[A-Za-z_][A-Za-z0-9_]*$/, means: 'a name of letters, digits and _ that does not start with a digit' });
/** MLflow refuses `/`, `:` and `%` in registered model names. */
const modelName = text({ pattern: /^[A-Za-z0-9_. -]+$/, means: 'a name of letters, digits, spaces, _ . and -' });
const aliasName: Shape<string> = (value, spot) => {
  const alias = text({ pattern: /^[A-Za-z_][\w-]*$/, means: 'a name of letters, digits, _ and -' })(value, spot);
  return alias === 'latest' || /^v\d+$/i.test(alias ?? '') ? refuse(spot, `is ${show(alias)}, a word that MLflow keeps for itself`) : alias;
};

const scalar: Shape<number | string | boolean> = (value, spot) => (['number', 'string', 'boolean'].includes(typeof value) ? (value as number | string | boolean) : refuse(spot, `is ${show(value)}, not a number, text, true or false`));
const hyperparameterValue: Shape<HyperparameterValue> = (value, spot) => (value === null ? null : scalar(value, spot));

const range = object({ type: required(choice(['int', 'float'])), low: required(number()), high: required(number()), log: optional(boolean()) });
const categorical = object({ type: required(choice(['categorical'])), choices: required(list(hyperparameterValue, { min: 1, unique: true })) });

const hyperparameter: Shape<Hyperparameter> = (value, spot) => {
  if (!isRecord(value)) return hyperparameterValue(value, spot);
  if (value['type'] === 'categorical') return categorical(value, spot);
  const found = range(value, spot);
  if (found.low >= found.high) return refuse(spot, `has low ${found.low} and high ${found.high}`, 'low must be less than high.');
  return found.log === true && found.low <= 0 ? refuse(spot, `is on a log scale from ${found.low}`, 'low must be more than 0.') : found;
};

const threshold: Shape<Threshold> = (value, spot) => {
  const match = /^\s*(>=|<=|>|<)\s*(-?\d+(?:\.\d+)?(?:e-?\d+)?)\s*$/i.exec(typeof value === 'string' ? value : '');
  if (match === null) return refuse(spot, `is ${show(value)}`, 'Write a bound such as ">= 0.68".');
  return { operator: match[1] as Threshold['operator'], bound: Number(match[2]) };
};

const augmenterFields = {
  type: required(choice(['feature_store', 'pass_through'])),
  feature_service: optional(identifier),
  features: optional(list(text({ pattern: /^[^:\s]+:[^:\s]+$/, means: 'a feature reference "view:feature"' }), { min: 1, unique: true })),
  request_columns: defaulted(list(identifier, { unique: true }), []),
};

const augmenter: Shape<AugmenterSection> = (value, spot) => {
  const found = object(augmenterFields)(value, spot);
  if (found?.type === undefined) return undefined as never;
  const named = [found.feature_service, found.features].filter((given) => given !== undefined).length;
  if (found.type === 'pass_through' && named > 0) return refuse(spot, 'is pass_through but names features', 'Set type: feature_store, or leave the features out.');
  if (found.type === 'feature_store' && named !== 1) return refuse(spot, named === 0 ? 'names no features' : 'names both a feature_service and features', 'Give either feature_service or features.');
  return found as AugmenterSection;
};

const fraction = number({ above: 0, below: 1 });

export const sections = {
  name: required(text({ pattern: /^[A-Za-z0-9][A-Za-z0-9_.-]*$/, means: 'a name of letters, digits, _ . and -' })),
  description: optional(text()),
  model: required(object({
    class_path: required(text()),
    hyperparameters: defaulted(record(hyperparameter), {}),
    hyperparameter_tuning: optional(object({
      enabled: required(boolean()),
      n_trials: optional(number({ integer: true, min: 1 })),
      sampler: optional(choice(['tpe', 'random'])),
      metric: optional(text()),
      direction: optional(choice(['maximize', 'minimize'])),
      parallelism: optional(number({ integer: true, min: 1 })),
      timeout: optional(text()),
      seed: optional(number({ integer: true, min: 0 })),
    })),
  })),
  loader: required(object({
    source_uri: required(text({ pattern: /\.sql(\.j2)?$/, means: 'a file name ending in .sql or .sql.j2' })),
    entity_schema: required(object({ entity_columns: required(list(identifier, { min: 1, unique: true })), timestamp_column: required(identifier) })),
    parameters: defaulted(record(scalar), {}),
  })),
  augmenter: required(augmenter),
  preprocessor: defaulted(object({ steps: defaulted(list(preprocessingStep), []) }), { steps: [] }),
  data_interface: required(object({ task_type: required(choice(TASK_TYPES)), target_column: required(identifier) })),
  evaluation: required(object({
    split: required(object({ method: required(choice(['time'])), test_size: required(fraction), validation_size: required(fraction) })),
    metrics: required(list(text(), { min: 1, unique: true })),
    thresholds: defaulted(record(threshold), {}),
  })),
  registration: required(object({
    model_name: required(modelName),
    promote: optional(object({ alias: required(aliasName), when: defaulted(choice(['better', 'always', 'never']), 'better'), approval: defaulted(choice(['none']), 'none') })),
  })),
};
