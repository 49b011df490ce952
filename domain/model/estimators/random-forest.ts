import type { HyperparameterValue } from '../../recipe/recipe.ts';
import { float, honoured, int, oneOf, refused, type HyperparameterRule } from './hyperparameter-rule.ts';
import { classWeightRule, randomStateRule, threadsRule, verboseRule, warmStartRule } from './shared-rules.ts';

/** LightGBM's own limit. A forest without other limits grows each tree up to it. */
export const MAX_LEAVES = 131_072;

const NO_ENTROPY = 'LightGBM has no split by entropy on class shares.';

const shared = {
  n_estimators: honoured(100, [int(1, 100_000)], 'The number of trees (per class, for more than two classes).'),
  max_depth: honoured(null, [int(1, 1000), oneOf(null)], `max_depth. null: no limit of depth, up to ${MAX_LEAVES} leaves a tree.`),
  min_samples_split: honoured(2, [int(2)], 'Taken up to twice min_samples_leaf, where it says nothing that min_samples_leaf does not say; LightGBM has no such limit of its own.'),
  min_samples_leaf: honoured(1, [int(1), float({ above: 0, below: 1 })], 'min_data_in_leaf; a fraction is of the training rows, rounded up. Rows drawn for the tree count, each once; with class_weight LightGBM guesses their number from the weights.'),
  max_leaf_nodes: honoured(null, [int(2, MAX_LEAVES), oneOf(null)], 'num_leaves: the best leaf is split first.'),
  bootstrap: honoured(true, [oneOf(true, false)], 'true: each tree sees a share 1 - exp(-max_samples / rows) of the rows, drawn without repetition: as many distinct rows as a bootstrap sample has (63.2 %). false: all rows.'),
  max_samples: honoured(null, [int(1), float({ above: 0, below: 1 }), oneOf(null)], 'The size of the bootstrap sample (see bootstrap): a fraction up to 1, or a number of rows from 2 up. 1 is read as the fraction 1.0, which YAML does not tell apart.'),
  random_state: randomStateRule,
  min_weight_fraction_leaf: refused([0], 'LightGBM has no limit by share of weight; min_samples_leaf limits by rows.'),
  oob_score: refused([false], 'models are scored on the validation and test rows, which lie later in time.'),
  n_jobs: threadsRule,
  verbose: verboseRule,
  warm_start: warmStartRule,
  ccp_alpha: refused([0], 'LightGBM does not prune.'),
  monotonic_cst: refused([null], 'constraints per column are not part of a recipe.'),
} as const satisfies Record<string, HyperparameterRule>;

const featureShare = (defaultValue: HyperparameterValue): HyperparameterRule =>
  honoured(defaultValue, [oneOf('sqrt', 'log2', null), int(1), float({ above: 0, below: 1 })], 'feature_fraction_bynode: columns looked at for each split, at least two; constant columns do not count. A small even number is raised by one, since LightGBM would favour every second column. A fraction up to 1, or a number of columns from 2 up; null: all. 1 is read as the fraction 1.0, which YAML does not tell apart.');

export const randomForestClassifierRules: Readonly<Record<string, HyperparameterRule>> = {
  ...shared,
  max_features: featureShare('sqrt'),
  criterion: honoured('gini', [oneOf('gini')], 'Least squares on 0/1 labels, which orders splits exactly as gini does.', { entropy: NO_ENTROPY, log_loss: NO_ENTROPY }),
  class_weight: classWeightRule,
  min_impurity_decrease: refused([0], 'with one booster a class, each sees only the impurity of its own class.'),
};

export const randomForestRegressorRules: Readonly<Record<string, HyperparameterRule>> = {
  ...shared,
  max_features: featureShare(1),
  criterion: honoured('squared_error', [oneOf('squared_error')], 'Least squares.', {
    friedman_mse: 'LightGBM orders splits by least squares.',
    absolute_error: 'LightGBM\'s rf mode averages leaves that are means, not medians.',
    poisson: 'LightGBM\'s rf mode averages leaves that are means of the target itself.',
  }),
  min_impurity_decrease: honoured(0, [float({ low: 0 })], 'min_gain_to_split: this times the rows drawn for the tree.'),
};
