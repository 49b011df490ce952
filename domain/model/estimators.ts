import type { Problem } from '../errors.ts';
import { nearest, suggestion } from '../nearest.ts';
import type { Hyperparameter, HyperparameterValue, TaskType } from '../recipe/recipe.ts';
import { faultOf, type HyperparameterRule } from './estimators/hyperparameter-rule.ts';
import { lgbmClassifierRules, lgbmRegressorRules } from './estimators/lightgbm.ts';
import { linearRegressionRules, logisticRegressionRules, ridgeRules } from './estimators/linear.ts';
import { randomForestClassifierRules, randomForestRegressorRules } from './estimators/random-forest.ts';

export interface Estimator {
  readonly taskTypes: readonly TaskType[];
  /** Which library trains it. */
  readonly library: 'lightgbm' | 'linear';
  /** Hyperparameters by the name that scikit-learn (or LightGBM's scikit-learn interface) has for them. */
  readonly hyperparameters: Readonly<Record<string, HyperparameterRule>>;
}

/** Every estimator that a recipe's `model.class_path` may name. */
export const ESTIMATORS: Readonly<Record<string, Estimator>> = {
  RandomForestClassifier: { taskTypes: ['classification'], library: 'lightgbm', hyperparameters: randomForestClassifierRules },
  RandomForestRegressor: { taskTypes: ['regression'], library: 'lightgbm', hyperparameters: randomForestRegressorRules },
  LGBMClassifier: { taskTypes: ['classification'], library: 'lightgbm', hyperparameters: lgbmClassifierRules },
  LGBMRegressor: { taskTypes: ['regression'], library: 'lightgbm', hyperparameters: lgbmRegressorRules },
  LogisticRegression: { taskTypes: ['classification'], library: 'linear', hyperparameters: logisticRegressionRules },
  LinearRegression: { taskTypes: ['regression'], library: 'linear', hyperparameters: linearRegressionRules },
  Ridge: { taskTypes: ['regression'], library: 'linear', hyperparameters: ridgeRules },
};

/**
 * Everything that is wrong with the hyperparameters given for an estimator; empty when all is well. A problem's path is `hyperparameters.<name>`.
 * Ranges are good when both ends are, lists of choices when each choice is.
 */
export function checkHyperparameters(estimatorName: string, values: Readonly<Record<string, Hyperparameter>>): readonly Problem[] {
  const estimator = ESTIMATORS[estimatorName];
  if (estimator === undefined) return [{ path: 'class_path', message: `is ${JSON.stringify(estimatorName)}, which is not in the estimator catalogue`, cure: suggestion(estimatorName, Object.keys(ESTIMATORS)) }];
  const problems: Problem[] = [];
  for (const [name, given] of Object.entries(values)) {
    const rule = Object.hasOwn(estimator.hyperparameters, name) ? estimator.hyperparameters[name] : undefined;
    const fault = rule === undefined ? unknown(estimatorName, name, Object.keys(estimator.hyperparameters)) : faultOf(rule, given);
    if (fault !== undefined) problems.push({ path: `hyperparameters.${name}`, ...fault });
  }
  const good = Object.fromEntries(Object.entries(values).filter(([name]) => !problems.some(({ path }) => path === `hyperparameters.${name}`)));
  return [...problems, ...contradictions(estimatorName, good)];
}

/** The values given, and the defaults of those that are not. Checked values only. */
export function withDefaults(estimatorName: string, values: Readonly<Record<string, HyperparameterValue>>): Readonly<Record<string, HyperparameterValue>> {
  const rules = Object.entries(ESTIMATORS[estimatorName]?.hyperparameters ?? {});
  return Object.fromEntries(rules.map(([name, rule]) => [name, values[name] === undefined ? rule.default : values[name]]));
}

function unknown(estimatorName: string, name: string, known: readonly string[]): { readonly message: string; readonly cure: string } {
  const near = nearest(name, known);
  return { message: `is not a hyperparameter of ${estimatorName}`, cure: near === undefined ? `There is: ${known.join(', ')}.` : `Did you mean "${near}"?` };
}

/** Values that are good each by itself but not together. */
function contradictions(estimatorName: string, values: Readonly<Record<string, Hyperparameter>>): readonly Problem[] {
  const problems: Problem[] = [];
  const problem = (name: string, message: string, cure: string): number => problems.push({ path: `hyperparameters.${name}`, message, cure });
  if (estimatorName.startsWith('RandomForest')) {
    const leaf = extreme(values['min_samples_leaf'] ?? 1, Math.min);
    const split = extreme(values['min_samples_split'] ?? 2, Math.max);
    if (split > 2 && split > 2 * leaf) problem('min_samples_split', `is ${split}, which cannot be honoured beyond twice min_samples_leaf (${leaf})`, `Set min_samples_leaf to at least ${Math.ceil(split / 2)}, or leave min_samples_split out.`);
    if (values['bootstrap'] === false && (values['max_samples'] ?? null) !== null) problem('max_samples', 'is given, but bootstrap is false', 'Leave one of them out.');
  }
  if (estimatorName.startsWith('LGBM')) {
    if (extreme(values['subsample'] ?? 1, Math.min) < 1 && extreme(values['subsample_freq'] ?? 0, Math.min) < 1) problem('subsample', 'is less than 1, which does nothing while subsample_freq is 0', 'Set subsample_freq to 1.');
    if (values['boosting_type'] === 'dart' && (values['early_stopping_rounds'] ?? null) !== null) problem('early_stopping_rounds', 'is given, but dart changes earlier trees, so that no best iteration can be kept', 'Leave it out.');
    if (values['objective'] === 'quantile' && extreme(values['alpha'] ?? 0.9, Math.max) >= 1) problem('alpha', 'is at least 1, and the objective quantile takes a share of the rows below 1', 'Set it between 0 and 1.');
    if (values['is_unbalance'] === true && (values['scale_pos_weight'] ?? 1) !== 1) problem('scale_pos_weight', 'is given beside is_unbalance', 'Leave one of them out.');
  }
  return problems;
}

/** The smallest or largest number that a value, range or list of choices can become. */
function extreme(given: Hyperparameter, pick: (...values: number[]) => number): number {
  if (typeof given !== 'object' || given === null) return Number(given);
  return given.type === 'categorical' ? pick(...given.choices.map(Number)) : pick(given.low, given.high);
}
