import { checkHyperparameters, ESTIMATORS } from '../model/estimators.ts';
import { METRICS, metricsOf } from '../model/metrics.ts';
import { suggestion } from '../nearest.ts';
import { check, type Issue } from '../validation/shape.ts';
import { object } from '../validation/object.ts';
import type { Recipe } from './recipe.ts';
import { sections } from './sections.ts';

/**
 * Checks a recipe as read from YAML: first its shape, then what its parts say of each other.
 * Returns the recipe, or every issue found. Whether the features, the template and the tables exist is checked later, against them.
 */
export function parseRecipe(document: unknown): { readonly recipe: Recipe; readonly issues: readonly [] } | { readonly recipe: undefined; readonly issues: readonly Issue[] } {
  const { value, issues } = check(object(sections), document);
  const all = [...issues, ...crossChecks(value as Partial<Recipe> | undefined)].filter(uniqueAt);
  return all.length === 0 ? { recipe: value as Recipe, issues: [] } : { recipe: undefined, issues: all };
}

const uniqueAt = (issue: Issue, index: number, all: readonly Issue[]): boolean => all.findIndex((other) => other.message === issue.message && other.keys.join('/') === issue.keys.join('/')) === index;

/** Each looks only at parts that have the right shape, so that one mistake is reported once. */
function crossChecks(recipe: Partial<Recipe> | undefined): readonly Issue[] {
  if (recipe === undefined) return [];
  return [...modelIssues(recipe), ...columnIssues(recipe), ...evaluationIssues(recipe)];
}

function modelIssues({ model, data_interface: dataInterface }: Partial<Recipe>): Issue[] {
  if (typeof model?.class_path !== 'string') return [];
  const estimator = Object.hasOwn(ESTIMATORS, model.class_path) ? ESTIMATORS[model.class_path] : undefined;
  if (estimator === undefined) {
    return [{ keys: ['model', 'class_path'], message: `is ${JSON.stringify(model.class_path)}, which is not in the estimator catalogue`, cure: suggestion(model.class_path, Object.keys(ESTIMATORS)) }];
  }
  const issues: Issue[] = [];
  const task = dataInterface?.task_type;
  if (task !== undefined && !estimator.taskTypes.includes(task)) {
    issues.push({ keys: ['model', 'class_path'], message: `is ${model.class_path}, which does ${estimator.taskTypes.join(' and ')}, not ${task}`, cure: suggestion('', Object.keys(ESTIMATORS).filter((name) => ESTIMATORS[name]?.taskTypes.includes(task))) });
  }
  for (const problem of checkHyperparameters(model.class_path, model.hyperparameters ?? {})) {
    const name = problem.path.replace(/^.*\./, '');
    issues.push({ keys: ['model', 'hyperparameters', name], message: problem.message, ...(problem.cure === undefined ? {} : { cure: problem.cure }) });
  }
  return [...issues, ...tuningIssues(model)];
}

function tuningIssues(model: Recipe['model']): Issue[] {
  const ranges = Object.entries(model.hyperparameters ?? {}).filter(([, value]) => typeof value === 'object' && value !== null);
  if (model.hyperparameter_tuning?.enabled === true) {
    return [{ keys: ['model', 'hyperparameter_tuning', 'enabled'], message: 'is true, but this version does not tune', cure: 'Set it to false and give each hyperparameter a value.' }];
  }
  return ranges.map(([name]) => ({ keys: ['model', 'hyperparameters', name], message: 'is a range, and ranges are only for tuning', cure: 'Give it a value.' }));
}

function columnIssues({ loader, augmenter, data_interface: dataInterface }: Partial<Recipe>): Issue[] {
  const issues: Issue[] = [];
  const entityColumns = loader?.entity_schema?.entity_columns ?? [];
  const timestamp = loader?.entity_schema?.timestamp_column;
  const target = dataInterface?.target_column;
  const requests = augmenter?.request_columns ?? [];
  const clash = (keys: Issue['keys'], name: string, role: string): number => issues.push({ keys, message: `is ${JSON.stringify(name)}, which is also ${role}` });
  if (timestamp !== undefined && entityColumns.includes(timestamp)) clash(['loader', 'entity_schema', 'timestamp_column'], timestamp, 'an entity column');
  if (target !== undefined && (entityColumns.includes(target) || target === timestamp)) clash(['data_interface', 'target_column'], target, 'an entity or timestamp column');
  requests.forEach((name, index) => {
    if (name === target) clash(['augmenter', 'request_columns', index], name, 'the target: a model must not be told the answer');
    else if (entityColumns.includes(name) || name === timestamp) clash(['augmenter', 'request_columns', index], name, 'an entity or timestamp column');
  });
  return issues;
}

function evaluationIssues({ evaluation, data_interface: dataInterface, registration }: Partial<Recipe>): Issue[] {
  const issues: Issue[] = [];
  const split = evaluation?.split;
  if (split !== undefined && split.test_size + split.validation_size >= 1) {
    issues.push({ keys: ['evaluation', 'split'], message: `has test_size ${split.test_size} and validation_size ${split.validation_size}, which leave no rows to train on` });
  }
  const known: readonly string[] = dataInterface?.task_type === undefined ? Object.keys(METRICS) : metricsOf(dataInterface.task_type);
  const metrics = Array.isArray(evaluation?.metrics) ? evaluation.metrics : [];
  metrics.forEach((name, index) => {
    if (typeof name === 'string' && !known.includes(name)) issues.push({ keys: ['evaluation', 'metrics', index], message: `is ${JSON.stringify(name)}, not a metric of ${dataInterface?.task_type ?? 'any task'}`, cure: suggestion(name, known) });
  });
  for (const name of Object.keys(evaluation?.thresholds ?? {})) {
    if (!metrics.includes(name)) issues.push({ keys: ['evaluation', 'thresholds', name], message: 'is not among evaluation.metrics', cure: suggestion(name, metrics), onKey: true });
  }
  if (registration?.promote?.when === 'better' && metrics.length === 0) issues.push({ keys: ['registration', 'promote', 'when'], message: 'is better, but there is no metric to compare by' });
  return issues;
}
