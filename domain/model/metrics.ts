import type { TaskType } from '../recipe/recipe.ts';

export interface MetricDefinition {
  readonly taskTypes: readonly TaskType[];
  /** Which way is better. */
  readonly direction: 'maximize' | 'minimize';
  /** Shown in listings: what it says, and how several classes become one figure. */
  readonly meaning: string;
}

/** Every metric that a recipe may name; how each is computed stands with its function in `ml/metrics/`. */
export const METRICS = {
  roc_auc: { taskTypes: ['classification'], direction: 'maximize', meaning: 'Chance that a row of the class scores above a row of another; several classes: mean over one-vs-rest.' },
  average_precision: { taskTypes: ['classification'], direction: 'maximize', meaning: 'Precision averaged over the steps of recall; several classes: mean over one-vs-rest.' },
  log_loss: { taskTypes: ['classification'], direction: 'minimize', meaning: 'Mean of minus the natural logarithm of the probability given to the true class.' },
  brier: { taskTypes: ['classification'], direction: 'minimize', meaning: 'Mean squared error of the probability of class 1; several classes: summed over the classes.' },
  accuracy: { taskTypes: ['classification'], direction: 'maximize', meaning: 'Share of rows whose class is right.' },
  precision: { taskTypes: ['classification'], direction: 'maximize', meaning: 'Share of the rows called class 1 that are; several classes: mean over the classes.' },
  recall: { taskTypes: ['classification'], direction: 'maximize', meaning: 'Share of the rows of class 1 that are called so; several classes: mean over the classes.' },
  f1: { taskTypes: ['classification'], direction: 'maximize', meaning: 'Harmonic mean of precision and recall; several classes: mean over the classes.' },
  rmse: { taskTypes: ['regression'], direction: 'minimize', meaning: 'Square root of the mean squared error, in units of the target.' },
  mae: { taskTypes: ['regression'], direction: 'minimize', meaning: 'Mean absolute error, in units of the target.' },
  median_absolute_error: { taskTypes: ['regression'], direction: 'minimize', meaning: 'Median of the absolute errors, in units of the target.' },
  r2: { taskTypes: ['regression'], direction: 'maximize', meaning: 'Share of the variance of the target that the predictions explain; negative where the mean would do better.' },
} as const satisfies Record<string, MetricDefinition>;

export type MetricName = keyof typeof METRICS;

export function isMetricName(name: string): name is MetricName {
  return Object.hasOwn(METRICS, name);
}

/** Names of the metrics of a task type, in the order of the catalogue. */
export function metricsOf(taskType: TaskType): readonly MetricName[] {
  return (Object.keys(METRICS) as MetricName[]).filter((name) => (METRICS[name].taskTypes as readonly TaskType[]).includes(taskType));
}
