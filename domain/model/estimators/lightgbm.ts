import { float, honoured, int, oneOf, refused, type HyperparameterRule } from './hyperparameter-rule.ts';
import { MAX_LEAVES } from './random-forest.ts';
import { classWeightRule, randomStateRule, threadsRule, verboseRule } from './shared-rules.ts';

const shared = {
  boosting_type: honoured('gbdt', [oneOf('gbdt', 'dart')], 'boosting. For `rf` take RandomForestClassifier or RandomForestRegressor.'),
  n_estimators: honoured(100, [int(1, 100_000)], 'The number of iterations (trees, per class for more than two classes).'),
  learning_rate: honoured(0.1, [float({ above: 0 })], 'learning_rate.'),
  num_leaves: honoured(31, [int(2, MAX_LEAVES)], 'num_leaves.'),
  max_depth: honoured(-1, [int(-1, 1000)], 'max_depth; 0 and -1: no limit.'),
  min_split_gain: honoured(0, [float({ low: 0 })], 'min_gain_to_split.'),
  min_child_weight: honoured(0.001, [float({ low: 0 })], 'min_sum_hessian_in_leaf.'),
  min_child_samples: honoured(20, [int(0)], 'min_data_in_leaf.'),
  subsample: honoured(1, [float({ above: 0, high: 1 })], 'bagging_fraction; needs subsample_freq >= 1.'),
  subsample_freq: honoured(0, [int(0)], 'bagging_freq.'),
  subsample_for_bin: honoured(200_000, [int(1)], 'bin_construct_sample_cnt.'),
  colsample_bytree: honoured(1, [float({ above: 0, high: 1 })], 'feature_fraction.'),
  feature_fraction_bynode: honoured(1, [float({ above: 0, high: 1 })], 'feature_fraction_bynode.'),
  reg_alpha: honoured(0, [float({ low: 0 })], 'lambda_l1.'),
  reg_lambda: honoured(0, [float({ low: 0 })], 'lambda_l2.'),
  max_bin: honoured(255, [int(2, 65_535)], 'max_bin.'),
  min_data_in_bin: honoured(3, [int(1)], 'min_data_in_bin.'),
  max_delta_step: honoured(0, [float({ low: 0 })], 'max_delta_step.'),
  path_smooth: honoured(0, [float({ low: 0 })], 'path_smooth.'),
  extra_trees: honoured(false, [oneOf(true, false)], 'extra_trees.'),
  early_stopping_rounds: honoured(null, [int(1), oneOf(null)], 'Stops when the metric on the validation rows has not become better for so many iterations, and keeps the iterations up to the best. Not with dart.'),
  importance_type: honoured('split', [oneOf('split', 'gain')], 'What the feature importances count.'),
  random_state: randomStateRule,
  n_jobs: threadsRule,
  verbose: verboseRule,
  linear_tree: refused([false], 'a linear model in each leaf has no form in the graph that serves.'),
} as const satisfies Record<string, HyperparameterRule>;

export const lgbmClassifierRules: Readonly<Record<string, HyperparameterRule>> = {
  ...shared,
  objective: honoured(null, [oneOf(null, 'binary', 'multiclass')], 'null: `binary` for two classes, `multiclass` for more.'),
  class_weight: classWeightRule,
  scale_pos_weight: honoured(1, [float({ above: 0 })], 'scale_pos_weight; for two classes.'),
  is_unbalance: honoured(false, [oneOf(true, false)], 'is_unbalance; for two classes.'),
};

export const lgbmRegressorRules: Readonly<Record<string, HyperparameterRule>> = {
  ...shared,
  objective: honoured(null, [oneOf(null, 'regression', 'regression_l1', 'huber', 'fair', 'quantile', 'mape')], 'null: `regression` (least squares). Those with a logarithmic link (poisson, gamma, tweedie) have no form in the graph that serves.'),
  alpha: honoured(0.9, [float({ above: 0 })], 'alpha of `huber` and `quantile`.'),
  fair_c: honoured(1, [float({ above: 0 })], 'fair_c of `fair`.'),
};
