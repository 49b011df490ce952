import type { RowRange } from '../domain/data/dataset-ref.ts';
import type { FittedModel } from '../domain/model/fitted-model.ts';
import type { HyperparameterValue, TaskType } from '../domain/recipe/recipe.ts';

export interface TrainRequest {
  /** A name of the estimator catalogue that this trainer knows. */
  readonly estimator: string;
  readonly taskType: TaskType;
  /** Every hyperparameter by its scikit-learn name (or the library's own, for its own estimators), no ranges. */
  readonly hyperparameters: Readonly<Record<string, HyperparameterValue>>;
  /** NPY file, float32, C order, [rows, columns]. */
  readonly matrixPath: string;
  /** NPY file, float32 [rows]: the target, or the class index 0..classes-1. */
  readonly labelsPath: string;
  /** Names of the matrix columns. */
  readonly columns: readonly string[];
  /** Number of classes; 0 for regression. */
  readonly classes: number;
  readonly trainingRows: RowRange;
  readonly validationRows: RowRange;
  readonly threads: number;
  /** Empty folder for the library's own files; they become part of the wrapped artifact. */
  readonly outputFolder: string;
  readonly signal?: AbortSignal;
  /** Told after each iteration: for heartbeats and progress. */
  readonly onProgress?: (progress: TrainingProgress) => void;
}

export interface TrainingProgress {
  readonly iteration: number;
  readonly iterations: number;
}

export interface TrainedModel {
  readonly fitted: FittedModel;
  /** Names of the library's own files in the output folder: one (`model.txt`), or one per class where the library trains one model per class. */
  readonly libraryFiles: readonly string[];
  readonly library: string;
  readonly libraryVersion: string;
  /** Metric -> value per iteration, on the training and validation rows (`train.logloss`, `validation.logloss`). */
  readonly history: Readonly<Record<string, readonly number[]>>;
  readonly featureImportances: Readonly<Record<string, number>> | undefined;
}

/** Trains with a library. Aborting the signal stops the work and removes nothing: the folder is the attempt's own. */
export interface Trainer {
  train(request: TrainRequest): Promise<TrainedModel>;
}
