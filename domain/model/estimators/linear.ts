import { float, honoured, int, oneOf, refused, type HyperparameterRule } from './hyperparameter-rule.ts';
import { classWeightRule, randomStateRule, threadsRule, verboseRule, warmStartRule } from './shared-rules.ts';

const fitIntercept = honoured(true, [oneOf(true, false)], 'Whether there is an intercept. It is never penalised.');
const copyRule = refused([true], 'the matrix is never changed.');
const NO_L1 = 'its optimum has corners, which the solvers here do not find.';
const positiveRule = refused([false], 'coefficients cannot be held above zero.');

export const logisticRegressionRules: Readonly<Record<string, HyperparameterRule>> = {
  penalty: honoured('l2', [oneOf('l2', null)], 'null: no penalty.', { l1: NO_L1, elasticnet: NO_L1 }),
  C: honoured(1, [float({ above: 0 })], 'Inverse strength of the penalty: C times the sum of log losses plus half the sum of squared coefficients is least.'),
  fit_intercept: fitIntercept,
  tol: honoured(1e-4, [float({ above: 0 })], 'Converged when no derivative of the mean loss is larger.'),
  max_iter: honoured(100, [int(1)], 'Most iterations; when they do not suffice, the metric `train.converged` of the run is 0.'),
  class_weight: classWeightRule,
  solver: honoured('lbfgs', [oneOf('lbfgs', 'newton-cg', 'newton-cholesky', 'sag', 'saga')], 'All of these have one optimum, and it is found: by Newton steps for two classes, L-BFGS for more.', { liblinear: 'it penalises the intercept, and so finds another optimum.' }),
  random_state: randomStateRule,
  dual: refused([false], 'only liblinear has a dual form.'),
  intercept_scaling: refused([1], 'it is for liblinear, which penalises the intercept.'),
  l1_ratio: refused([0, null], 'the penalty is l2.'),
  multi_class: refused(['auto', 'multinomial'], 'more than two classes are fitted together.'),
  n_jobs: threadsRule,
  verbose: verboseRule,
  warm_start: warmStartRule,
};

export const linearRegressionRules: Readonly<Record<string, HyperparameterRule>> = {
  fit_intercept: fitIntercept,
  tol: refused([1e-6], 'the solution is direct, not iterative.'),
  copy_X: copyRule,
  n_jobs: threadsRule,
  positive: positiveRule,
};

export const ridgeRules: Readonly<Record<string, HyperparameterRule>> = {
  alpha: honoured(1, [float({ low: 0 })], 'Strength of the penalty: the sum of squared errors plus alpha times the sum of squared coefficients is least.'),
  fit_intercept: fitIntercept,
  solver: honoured('auto', [oneOf('auto', 'svd', 'cholesky', 'lsqr', 'sparse_cg', 'sag', 'saga')], 'All of these have one optimum; it is found directly.', { lbfgs: 'it is for coefficients held above zero, which is not done here.' }),
  random_state: randomStateRule,
  max_iter: refused([null], 'the solution is direct, not iterative.'),
  tol: refused([1e-4], 'the solution is direct, not iterative.'),
  copy_X: copyRule,
  positive: positiveRule,
};
