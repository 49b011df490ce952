import { PipelineError, refuseProblems, type Problem } from '../../domain/errors.ts';
import { MAX_LEAVES } from '../../domain/model/estimators/random-forest.ts';
import type { HyperparameterValue } from '../../domain/recipe/recipe.ts';
import type { TrainingJob } from '../../ports/training-library.ts';
import { columnShare } from './columns-per-split.ts';

type Values = Readonly<Record<string, HyperparameterValue>>;

/** LightGBM's parameters by its own names, and what the training loop needs to know beside them. */
export interface NativePlan {
  readonly parameters: Readonly<Record<string, string | number | boolean>>;
  readonly iterations: number;
  /** LightGBM's name of the metric, and the one it goes by in the history. Smaller is better. */
  readonly metric: { readonly native: string; readonly name: string };
  readonly earlyStoppingRounds: number | undefined;
  readonly importanceType: 'split' | 'gain';
  /** One booster on 0/1 labels per listed class; undefined: one booster on the labels as they are. */
  readonly boosterPerClass: readonly number[] | undefined;
}

/** The same model for the same rows, however many threads: measured in docs/adr/0009-trainers.md. */
const REPEATABLE = { deterministic: true, force_row_wise: true, verbosity: -1 };

export function planOf(job: TrainingJob): NativePlan {
  return job.estimator.startsWith('RandomForest') ? forestPlan(job) : boostingPlan(job);
}

function forestPlan(job: TrainingJob): NativePlan {
  const values = job.hyperparameters;
  const rows = job.training.rows;
  const depth = values['max_depth'] === null ? -1 : Number(values['max_depth']);
  const leavesByDepth = depth < 0 || depth >= Math.log2(MAX_LEAVES) ? MAX_LEAVES : 2 ** depth;
  const bagged = baggingShare(values, rows);
  const classifier = job.classes > 0;
  return {
    parameters: {
      ...REPEATABLE,
      boosting: 'rf',
      objective: 'regression',
      seed: Number(values['random_state'] ?? 0),
      max_depth: depth,
      num_leaves: Math.min(leavesByDepth, Number(values['max_leaf_nodes'] ?? MAX_LEAVES)),
      min_data_in_leaf: leafRows(Number(values['min_samples_leaf']), rows),
      // A row's hessian is its weight: less than one row is no leaf. LightGBM guesses counts from weights, and with 0 here would now and then split off nothing and stop.
      min_sum_hessian_in_leaf: smallestWeight(job) / 2,
      min_data_in_bin: 1,
      min_gain_to_split: Number(values['min_impurity_decrease'] ?? 0) * bagged * rows,
      feature_fraction_bynode: columnShare(values['max_features'] ?? null, job.columns.length, job.training),
      // Every column that varies is binned and counts, as columnShare expects.
      feature_pre_filter: false,
      bin_construct_sample_cnt: rows,
      // The mode wants rows or columns sampled per tree. Without a bootstrap: a share of the columns that rounds to all of them.
      ...(bagged < 1 ? { bagging_fraction: bagged, bagging_freq: 1 } : { feature_fraction: 0.999_999 }),
      // Histograms of as many leaves as fit into so many megabytes are kept; the others are counted again. Without it a deep forest takes gigabytes.
      histogram_pool_size: 512,
    },
    iterations: Number(values['n_estimators']),
    metric: classifier ? { native: 'l2', name: 'brier' } : { native: 'rmse', name: 'rmse' },
    earlyStoppingRounds: undefined,
    importanceType: 'gain',
    boosterPerClass: !classifier ? undefined : job.classes === 2 ? [1] : Array.from({ length: job.classes }, (_, index) => index),
  };
}

const smallestWeight = ({ training }: TrainingJob): number => (training.weights ?? Float32Array.of(1)).reduce((least, weight) => Math.min(least, weight), Infinity);

const leafRows = (given: number, rows: number): number => (given < 1 ? Math.ceil(given * rows) : given);

/** A bootstrap sample of m out of n rows holds a share 1 - exp(-m / n) of distinct rows (the limit for large n). */
function baggingShare(values: Values, rows: number): number {
  if (values['bootstrap'] === false) return 1;
  const given = Number(values['max_samples'] ?? 1);
  return 1 - Math.exp(-(given > 1 ? Math.min(given / rows, 1) : given));
}

/** LightGBM's own names for what its scikit-learn interface calls otherwise. */
const NATIVE_NAMES = {
  boosting_type: 'boosting', learning_rate: 'learning_rate', num_leaves: 'num_leaves', max_depth: 'max_depth', min_split_gain: 'min_gain_to_split', min_child_weight: 'min_sum_hessian_in_leaf', min_child_samples: 'min_data_in_leaf',
  subsample: 'bagging_fraction', subsample_freq: 'bagging_freq', subsample_for_bin: 'bin_construct_sample_cnt', colsample_bytree: 'feature_fraction', feature_fraction_bynode: 'feature_fraction_bynode', reg_alpha: 'lambda_l1', reg_lambda: 'lambda_l2',
  max_bin: 'max_bin', min_data_in_bin: 'min_data_in_bin', max_delta_step: 'max_delta_step', path_smooth: 'path_smooth', extra_trees: 'extra_trees', scale_pos_weight: 'scale_pos_weight', is_unbalance: 'is_unbalance', alpha: 'alpha', fair_c: 'fair_c',
} as const;

/** Metrics that LightGBM calls otherwise than the history does. */
const METRIC_NAMES: Readonly<Record<string, string>> = { binary_logloss: 'logloss', multi_logloss: 'logloss', l1: 'mae' };

function boostingPlan(job: TrainingJob): NativePlan {
  const values = job.hyperparameters;
  refuseUnusable(job);
  const objective = objectiveOf(job);
  const native = objective === 'binary' ? 'binary_logloss' : objective === 'multiclass' ? 'multi_logloss' : objective === 'regression' ? 'rmse' : objective === 'regression_l1' ? 'l1' : objective;
  const given = Object.entries(NATIVE_NAMES).flatMap(([name, nativeName]) => (values[name] === undefined || values[name] === null ? [] : [[nativeName, values[name]]]));
  return {
    parameters: { ...REPEATABLE, ...Object.fromEntries(given), objective, ...(job.classes > 2 ? { num_class: job.classes } : {}), seed: Number(values['random_state'] ?? 0) },
    iterations: Number(values['n_estimators']),
    metric: { native, name: METRIC_NAMES[native] ?? native },
    earlyStoppingRounds: typeof values['early_stopping_rounds'] === 'number' ? values['early_stopping_rounds'] : undefined,
    importanceType: values['importance_type'] === 'gain' ? 'gain' : 'split',
    boosterPerClass: undefined,
  };
}

/** What LightGBM would pass over without a word: only the rows tell. */
function refuseUnusable({ classes, hyperparameters, validation }: TrainingJob): void {
  const problems: Problem[] = [];
  const problem = (name: string, message: string, cure: string): number => problems.push({ path: `hyperparameters.${name}`, message, cure });
  if (classes > 2 && hyperparameters['is_unbalance'] === true) problem('is_unbalance', `is for two classes, and the training rows have ${classes}.`, 'Set class_weight: balanced instead.');
  if (classes > 2 && (hyperparameters['scale_pos_weight'] ?? 1) !== 1) problem('scale_pos_weight', `is for two classes, and the training rows have ${classes}.`, 'Leave it out.');
  if (validation.rows === 0 && (hyperparameters['early_stopping_rounds'] ?? null) !== null) problem('early_stopping_rounds', 'needs validation rows, and there are none.', 'Set evaluation.split.validation_size, or leave it out.');
  refuseProblems('INVALID_INPUT', 'These hyperparameters do not fit the rows:', problems);
}

function objectiveOf({ classes, hyperparameters }: TrainingJob): string {
  const given = hyperparameters['objective'] ?? null;
  if (classes === 0) return String(given ?? 'regression');
  const fitting = classes === 2 ? 'binary' : 'multiclass';
  if (given !== null && given !== fitting) throw new PipelineError('INVALID_INPUT', `The hyperparameter objective is "${String(given)}", but the training rows have ${classes} classes. Leave it out, or set it to "${fitting}".`);
  return fitting;
}

/** `key=value key=value`, as the C interface takes it. */
export function parameterText(parameters: Readonly<Record<string, string | number | boolean>>): string {
  return Object.entries(parameters).map(([key, value]) => `${key}=${value}`).join(' ');
}
