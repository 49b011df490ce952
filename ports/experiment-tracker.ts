import type { Micros } from '../domain/instant.ts';

export type RunStatus = 'RUNNING' | 'FINISHED' | 'FAILED' | 'KILLED';

export interface MetricPoint {
  readonly key: string;
  /** A value that is not finite is left out, and named in the run's tag `ml_pipeline.not_finite`. */
  readonly value: number;
  readonly step: number;
  readonly timestampMillis: number;
}

export interface TrackedRun {
  readonly runId: string;
  readonly experimentId: string;
  readonly name: string;
  readonly status: RunStatus;
  readonly startMillis: number;
  readonly endMillis: number | undefined;
  readonly params: Readonly<Record<string, string>>;
  /** Latest value of each metric. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly tags: Readonly<Record<string, string>>;
}

export interface TrackedDataset {
  readonly name: string;
  /** At most 36 characters. */
  readonly digest: string;
  readonly sourceType: string;
  /** JSON text, e.g. `{"uri": ...}`. */
  readonly source: string;
  /** JSON text in MLflow's form `{"mlflow_colspec": [...]}`. */
  readonly schema: string;
  readonly profile: string;
  /** training, validation, test. */
  readonly context: string;
}

export interface LoggedModelRequest {
  readonly experimentId: string;
  readonly runId: string;
  /** `model`: addressed by `runs:/<run id>/model`. */
  readonly name: string;
  readonly params: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  /** Metrics with the dataset they were measured on. */
  readonly metrics: readonly (MetricPoint & { readonly dataset?: { readonly name: string; readonly digest: string } })[];
  /**
   * Fills an empty local folder with the model's files. It is told the model's id and where the files will lie, since MLmodel names both.
   * Called only when the model is not there yet.
   */
  readonly writeFiles: (folder: string, model: { readonly modelId: string; readonly artifactUri: string }) => Promise<void>;
}

export interface RegisteredVersion {
  readonly name: string;
  /** A positive whole number. */
  readonly version: string;
  readonly modelId: string;
  readonly runId: string;
  readonly aliases: readonly string[];
  readonly createdMicros: Micros;
}

/**
 * Experiments, runs, logged models and the model registry, in MLflow's terms. `key` arguments make calls safe to repeat: what was made under the same key is found again,
 * never made twice, also when processes race.
 */
export interface ExperimentTracker {
  /** The id of the experiment of that name, made when missing. */
  ensureExperiment(name: string): Promise<string>;
  ensureRun(request: { readonly key: string; readonly experimentId: string; readonly name: string; readonly startMillis: number; readonly tags: Readonly<Record<string, string>> }): Promise<TrackedRun>;
  /** Params are write-once: another value for a logged key is CONFLICT. The same point of a metric twice is one. */
  logBatch(runId: string, batch: { readonly params?: Readonly<Record<string, string>>; readonly metrics?: readonly MetricPoint[]; readonly tags?: Readonly<Record<string, string>> }): Promise<void>;
  logDataset(runId: string, dataset: TrackedDataset): Promise<void>;
  /** Copies a local file to the run's artifacts at the relative path. */
  logArtifact(runId: string, path: string, localFile: string): Promise<void>;
  /** One logged model per run and name. */
  ensureLoggedModel(request: LoggedModelRequest): Promise<{ readonly modelId: string; readonly artifactUri: string }>;
  /** One version per logged model and registered name. */
  ensureVersion(request: { readonly name: string; readonly modelId: string; readonly runId: string; readonly tags: Readonly<Record<string, string>> }): Promise<RegisteredVersion>;
  /**
   * Gives the alias to the version. With `replaces`, only when the alias is with that version (null: with none) or already with the new one; whether it is now
   * with the new one. Checked and set as one: of two that race, the second sees the first.
   */
  setAlias(name: string, alias: string, version: string, replaces?: string | null): Promise<boolean>;
  /** undefined when the model or the alias does not exist. */
  versionByAlias(name: string, alias: string): Promise<RegisteredVersion | undefined>;
  /** Versions of all registered models that an alias names, by name and version; empty where nothing is registered. */
  aliasedVersions(): Promise<readonly RegisteredVersion[]>;
  finishRun(runId: string, status: Exclude<RunStatus, 'RUNNING'>, endMillis: number): Promise<void>;
  run(runId: string): Promise<TrackedRun>;
  /** Newest first. `experiment`: by name, all when left out. */
  runs(filter: { readonly experiment?: string; readonly limit: number }): Promise<readonly TrackedRun[]>;
  /** By time, then step, then value. None where the run has no such metric. */
  metricHistory(runId: string, key: string): Promise<readonly MetricPoint[]>;
  /** Local folder (read only) with the files of `models:/<name>@<alias>`, `models:/<name>/<version>`, `models:/<model id>` or `runs:/<run id>/<name>`. */
  modelFolder(uri: string): Promise<ResolvedModel>;
  close(): Promise<void>;
}

export interface ResolvedModel {
  readonly folder: string;
  readonly modelId: string;
  readonly runId: string;
  /** Set when the URI went through the registry. */
  readonly name: string | undefined;
  readonly version: string | undefined;
}
