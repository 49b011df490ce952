import type { FeatureSelection } from '../features/snapshot.ts';
import type { JoinKeyType } from '../features/value-types.ts';
import type { HyperparameterValue, TaskType } from '../recipe/recipe.ts';
import type { InputColumn } from './preprocessor.ts';

/** A raw value of an input column as JSON has it; null: missing. */
export type RawValue = number | string | null;

/** An entity that the model's features hang on: what a request must name. */
export interface ModelEntity {
  readonly joinKey: string;
  readonly type: JoinKeyType;
}

/** The loader's SQL as it was written, with the values bound to it: enough to load the same spine in another environment. */
export interface LoaderTemplate {
  /** Relative to the recipes folder. */
  readonly sourceUri: string;
  /** The template's text, not rendered: it names no data set. */
  readonly text: string;
  readonly parameters: Readonly<Record<string, number | string | boolean>>;
}

/** What one input column looked like in the training rows. Statistics are over the values that are not missing; null where there is none. */
export type ColumnProfile = NumberProfile | StringProfile;

export interface NumberProfile {
  readonly column: string;
  readonly type: 'number';
  readonly rows: number;
  readonly missing: number;
  readonly mean: number | null;
  /** Population form: divided by the number of values. */
  readonly standardDeviation: number | null;
  readonly min: number | null;
  readonly max: number | null;
  /** Share of the values (0..1, as text) -> the smallest value with at least that share at or below it: `{"0.5": 3}`. */
  readonly quantiles: Readonly<Record<string, number>>;
}

export interface StringProfile {
  readonly column: string;
  readonly type: 'string';
  readonly rows: number;
  readonly missing: number;
  readonly distinct: number;
  /** The most frequent values, most frequent first, equal counts in code point order. */
  readonly top: readonly { readonly value: string; readonly count: number }[];
}

/** What is known of a model's quality. Curves are there where the task has them. */
export interface EvaluationReport {
  readonly taskType: TaskType;
  /** Data set (`training`, `validation`, `test`) -> metric -> value. */
  readonly metrics: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Data set -> number of rows. */
  readonly rows: Readonly<Record<string, number>>;
  /** Class (its label) -> receiver operating characteristic on the test rows, from (0, 0) to (1, 1). */
  readonly roc?: Readonly<Record<string, RocPoints>>;
  /** Class -> bins of predicted probability on the test rows. */
  readonly calibration?: Readonly<Record<string, readonly CalibrationBin[]>>;
  /** `counts[i][j]`: test rows of class i that were predicted as class j, in the order of `classes`. */
  readonly confusion?: { readonly classes: readonly string[]; readonly counts: readonly (readonly number[])[] };
  /** Matrix column -> importance as the library gives it. */
  readonly featureImportances?: Readonly<Record<string, number>>;
  /** The comparison that decided about the alias, on the same test rows. */
  readonly comparison?: ModelComparison;
}

export interface RocPoints {
  readonly falsePositiveRate: readonly number[];
  readonly truePositiveRate: readonly number[];
}

export interface CalibrationBin {
  /** Mean of the predicted probabilities in the bin. */
  readonly predicted: number;
  /** Share of the rows in the bin that are of the class. */
  readonly observed: number;
  readonly rows: number;
}

export interface ModelComparison {
  readonly metric: string;
  readonly direction: 'maximize' | 'minimize';
  readonly candidate: number;
  /** undefined: there was no model to compare with. */
  readonly champion?: { readonly version: string; readonly value: number };
  readonly promoted: boolean;
  readonly reason: string;
}

/** One attempt of hyperparameter tuning. */
export interface TuningTrial {
  readonly number: number;
  readonly hyperparameters: Readonly<Record<string, HyperparameterValue>>;
  readonly state: 'complete' | 'pruned' | 'failed';
  readonly value: number | null;
  readonly seconds: number;
}

/** The estimator as it was trained, and the library that did it. */
export interface EstimatorDescription {
  /** A name of the estimator catalogue. */
  readonly classPath: string;
  /** Every hyperparameter with the value used. */
  readonly hyperparameters: Readonly<Record<string, HyperparameterValue>>;
  readonly library: string;
  readonly libraryVersion: string;
  /** Names of the library's own files, in the artifact's folder. */
  readonly libraryFiles: readonly string[];
}

/**
 * A model with all that is needed to repeat and to serve it, and nothing of the infrastructure: no host, path, bucket, credential or environment
 * (except in the fields that MLflow's own bookkeeping wants).
 */
export interface WrappedArtifact {
  readonly taskType: TaskType;
  /** Raw columns in the graph's order. */
  readonly inputs: readonly InputColumn[];
  /** Labels by class index; empty for regression. */
  readonly classes: readonly string[];
  /** The column that was learnt to predict. */
  readonly target: string;
  /** What a request names, for features to be looked up. Empty when the model uses no feature store. */
  readonly entities: readonly ModelEntity[];
  /** undefined when the model uses no feature store. Holds the functions of its on-demand features, as they were when it was trained. */
  readonly features?: FeatureSelection;
  /** The feature service that the selection came from. */
  readonly featureService?: string;
  readonly estimator: EstimatorDescription;
  readonly recipe: { readonly name: string; readonly text: string };
  readonly loader: LoaderTemplate;
  /** A few training rows by input column, and by join key (as text) where that is no input: an example of what a request names. */
  readonly inputExample: readonly Readonly<Record<string, RawValue>>[];
  readonly trainingProfile: readonly ColumnProfile[];
  /** Metric -> value per iteration of the training. */
  readonly history: Readonly<Record<string, readonly number[]>>;
  readonly evaluation: EvaluationReport;
  readonly tuning?: readonly TuningTrial[];
}
