import type { TrainedModel, TrainRequest, TrainingProgress } from './trainer.ts';

/** Rows in memory: `matrix` float32 in C order, `rows * columns` values; one label a row, a class index or a value. All labels are finite. */
export interface LabelledRows {
  readonly rows: number;
  readonly matrix: Float32Array;
  readonly labels: Float32Array;
  /** One weight a row; undefined: all rows count the same. */
  readonly weights?: Float32Array;
}

/** A checked request with its rows read. `hyperparameters` holds every hyperparameter of the estimator. */
export interface TrainingJob extends Pick<TrainRequest, 'estimator' | 'hyperparameters' | 'columns' | 'classes' | 'threads' | 'outputFolder'> {
  readonly training: LabelledRows;
  /** May have no rows. */
  readonly validation: LabelledRows;
  /** Awaited after each iteration. */
  readonly onProgress: (progress: TrainingProgress) => Promise<void>;
}

/** A library that trains in the calling process and may block it for long: the Trainer runs it in a child process. */
export interface TrainingLibrary {
  /** TRAINING_FAILED with the library's own message when it refuses. */
  train(job: TrainingJob): Promise<TrainedModel>;
}
