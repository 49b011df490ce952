/** A recipe as validated from YAML; names are spelled as in the file, so that an error path, the file and the code read alike. */
export interface Recipe {
  readonly name: string;
  readonly description?: string;
  readonly model: ModelSection;
  readonly loader: LoaderSection;
  readonly augmenter: AugmenterSection;
  readonly preprocessor: { readonly steps: readonly PreprocessingStep[] };
  readonly data_interface: { readonly task_type: TaskType; readonly target_column: string };
  readonly evaluation: EvaluationSection;
  readonly registration: RegistrationSection;
}

export const TASK_TYPES = ['classification', 'regression', 'clustering'] as const;
export type TaskType = (typeof TASK_TYPES)[number];

export type HyperparameterValue = number | string | boolean | null;

/** A value is used as it is; a range is tuned. */
export type Hyperparameter =
  | HyperparameterValue
  | { readonly type: 'int' | 'float'; readonly low: number; readonly high: number; readonly log?: boolean }
  | { readonly type: 'categorical'; readonly choices: readonly HyperparameterValue[] };

export interface ModelSection {
  /** A name of the estimator catalogue (`domain/model/estimators.ts`). */
  readonly class_path: string;
  readonly hyperparameters: Readonly<Record<string, Hyperparameter>>;
  readonly hyperparameter_tuning?: { readonly enabled: boolean } & Readonly<Record<string, unknown>>;
}

export interface LoaderSection {
  /** SQL template, relative to the recipes folder (`sql/flights_spine.sql.j2`). */
  readonly source_uri: string;
  readonly entity_schema: { readonly entity_columns: readonly string[]; readonly timestamp_column: string };
  readonly parameters: Readonly<Record<string, number | string | boolean>>;
}

export type AugmenterSection =
  | { readonly type: 'pass_through'; readonly request_columns: readonly string[] }
  | {
      readonly type: 'feature_store';
      readonly request_columns: readonly string[];
      readonly feature_service?: string;
      /** Feature references `view:feature`, in place of a service. */
      readonly features?: readonly string[];
    };

/** `numeric`: all number columns that are model inputs; otherwise the columns by name. */
export type ColumnChoice = 'numeric' | readonly string[];

export type PreprocessingStep =
  /** Missing numbers become the statistic of the training rows (`median`, `mean`) or the constant. */
  | { readonly type: 'impute'; readonly strategy: 'median' | 'mean' | { readonly constant: number }; readonly columns: ColumnChoice }
  /** One 0/1 column per category of the training rows, categories in code point order. `ignore`: an unseen or missing one is all zeros. `error`: it is refused. */
  | { readonly type: 'one_hot'; readonly columns: readonly string[]; readonly handle_unknown: 'ignore' | 'error' }
  /** Minus the mean, divided by the standard deviation (of the training rows, population form as scikit-learn's StandardScaler; a constant column is only centred). */
  | { readonly type: 'standardize'; readonly columns: ColumnChoice };

export interface EvaluationSection {
  /** Fractions of the rows in time order: the last `test_size` are the test rows, the `validation_size` before them the validation rows. */
  readonly split: { readonly method: 'time'; readonly test_size: number; readonly validation_size: number };
  readonly metrics: readonly string[];
  /** Metric -> bound the first model must meet to get the alias. */
  readonly thresholds: Readonly<Record<string, Threshold>>;
}

export interface Threshold {
  readonly operator: '>=' | '>' | '<=' | '<';
  readonly bound: number;
}

export interface RegistrationSection {
  readonly model_name: string;
  readonly promote?: { readonly alias: string; readonly when: 'better' | 'always' | 'never'; readonly approval: 'none' };
}
