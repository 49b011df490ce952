/** A raw column that a model takes: what a caller of `predict` must give, by name. */
export interface InputColumn {
  readonly name: string;
  readonly type: 'number' | 'string';
  /** `feature`: comes from the feature store. `on_demand`: is computed from such and from what the caller sends. `entity`: a join key that a step uses. `request`: the caller sends it. */
  readonly origin: 'feature' | 'on_demand' | 'entity' | 'request';
}

/** Fitted preprocessing: plain JSON, everything learnt from the training rows, constants already rounded to float32. */
export interface FittedPreprocessor {
  readonly inputs: readonly InputColumn[];
  readonly steps: readonly FittedStep[];
  /** Names of the matrix columns in order: numbers as they come, then `column=category` for each one-hot column. */
  readonly outputColumns: readonly string[];
}

export type FittedStep =
  | { readonly type: 'impute'; readonly values: Readonly<Record<string, number>> }
  | { readonly type: 'one_hot'; readonly categories: Readonly<Record<string, readonly string[]>>; readonly handleUnknown: 'ignore' | 'error' }
  | { readonly type: 'standardize'; readonly mean: Readonly<Record<string, number>>; readonly scale: Readonly<Record<string, number>> };
