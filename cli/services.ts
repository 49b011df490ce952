import type { Client } from '@temporalio/client';
import type { RowStream } from '../ports/warehouse.ts';
import type { Micros } from '../domain/instant.ts';
import type { JoinKeyType } from '../domain/features/value-types.ts';
import type { ColumnSchema, RecordBatch } from '../domain/data/columns.ts';
import type { Assumptions } from '../domain/cost/assumptions.ts';
import type { PriceList } from '../domain/cost/price-list.ts';
import type { ScheduleDefinition } from '../domain/schedules/definition.ts';
import type { LogArchive } from '../ports/log-archive.ts';
import type { Log } from '../ports/log.ts';
import type { BackgroundProcesses, LocalStack, StackProcess } from '../ports/local-stack.ts';
import type { BoundPlaces, ProbeResult } from '../ports/probe.ts';
import type { Ports } from '../ports/ports.ts';
import type { RunStorage } from '../ports/run-storage.ts';
import type { MaterializeFeaturesInput, TrainModelInput } from '../temporal/inputs.ts';

/** What the commands need to know of the project and its environment. */
export interface ProjectSettings {
  readonly folder: string;
  readonly environment: string;
  /** The Feast project. */
  readonly project: string;
  /** The lifetime of keys in the online store; null: they have no end. */
  readonly keyTtlSeconds: number | null;
  /** As declared in the environment's settings, by name. */
  readonly schedules: Readonly<Record<string, ScheduleDefinition>>;
  readonly temporal: { readonly address: string; readonly namespace: string; readonly taskQueue: string; readonly ui: string };
  readonly apiUrl: string;
  /** What the API serves where nothing else is said: `api.model`. */
  readonly apiModel: string;
  readonly logsFolder: string;
}

/** Something that runs until it is stopped. */
export interface Running {
  readonly done: Promise<void>;
  stop(): Promise<void>;
  /** Ends at once what would outlive this process. */
  abandon?(): void;
}

/** What a spine file must hold. */
export interface SpineFileRequest {
  readonly path: string;
  readonly timestampColumn: string;
  /** Columns that must be there, with the types of the join keys that they hold. */
  readonly keys: ReadonlyMap<string, JoinKeyType>;
  /** No row may be later. */
  readonly asOfMicros: Micros;
}

export interface SpineFile {
  readonly schema: readonly ColumnSchema[];
  rows(): AsyncIterable<RecordBatch>;
}

/** The outside world of the commands; `main.ts` makes it from the project around the working directory. */
export interface Services {
  settings(): Promise<ProjectSettings>;
  /** Opens the ports of the environment, and closes them when the work is done. */
  withPorts<T>(use: (ports: Ports) => Promise<T>): Promise<T>;
  /** Refuses a recipe as the plan of `trainModel` does, and changes nothing; UNAVAILABLE when the files are right and a server does not answer. */
  checkTraining(input: TrainModelInput): Promise<void>;
  /** Refuses views and windows as the plan of `materializeFeatures` does, and changes nothing. */
  checkMaterialization(input: MaterializeFeaturesInput): Promise<void>;
  /** A connection to Temporal; UNAVAILABLE with the address when there is none. */
  withTemporal<T>(use: (client: Client) => Promise<T>): Promise<T>;
  /** The folders that runs keep between their steps. */
  runStorage(): Promise<RunStorage>;
  /** Where log files are kept for long; UNSUPPORTED where the settings name no place. */
  logArchive(): Promise<LogArchive>;
  /** A CSV or Parquet file as a spine, checked: see adapters/spine-files. */
  openSpineFile(request: SpineFileRequest): Promise<SpineFile>;
  /** Writes rows to a Parquet file at the path, which appears when it is whole; `onRows` is told the rows written so far. */
  writeParquet(path: string, rows: RowStream, onRows: (rows: number) => void): Promise<{ readonly rowCount: number; readonly hash: string }>;
  /** The log of a process that runs for long, in the form that the settings want; `takesFailures`: what ends the process is told there, and not as text. */
  processLog(name: 'api' | 'worker'): Promise<{ readonly log: Log; readonly takesFailures: boolean }>;
  startWorker(options: { readonly log: Log }): Promise<Running>;
  startApi(options: { readonly model?: string; readonly host?: string; readonly port?: number; readonly log: Log }): Promise<Running & { readonly url: string; readonly model: string }>;
  /** The servers of the stack. The first time it makes .env, and says so. */
  stack(onStep: (step: string) => void): Promise<LocalStack>;
  processes(): Promise<BackgroundProcesses>;
  /** Refuses a port that cannot be listened on, and names its holder (CONFLICT). `at`: what the command was given in place of the settings. */
  refuseTakenPort(process: Exclude<StackProcess, 'worker'>, at: { readonly host?: string; readonly port?: number }): Promise<void>;
  /** Puts what the stack needs and npm does not have into the project's tool folder. */
  installTools(sets: readonly string[]): Promise<void>;
  /** What this machine must have, and the servers of `stack` where the environment is over them. */
  probes(): Promise<readonly ProbeResult[]>;
  /** Where the ports of the environment lead. */
  places(): Promise<BoundPlaces>;
  loadData(options: { readonly onStep: (step: string) => void }): Promise<LoadedData>;
  /** Makes a project in the folder; existing files stay. Resolves to the files written. */
  init(folder: string): Promise<readonly string[]>;
  startMlflowUi(options: { readonly port?: number; readonly onStep: (step: string) => void }): Promise<Running & { readonly url: string; readonly command: string }>;
  /** What an estimate of the recipe's cost starts from, out of files alone; `assumptions`: the path of a YAML file. */
  costBasis(recipe: string, assumptions?: string): Promise<CostBasis>;
  /** Asks the warehouse how many bytes a training and a materialization process; see activities/measure-bytes.ts. */
  measureBytes(recipe: string): Promise<{ readonly training: number; readonly materialization: number }>;
  migrateMlflow(target: string, onLine: (line: string) => void): Promise<void>;
}

/** See config/cost-basis.ts. */
export interface CostBasis {
  /** Features that are read for one prediction. */
  readonly features: number;
  readonly prices: PriceList;
  readonly assumptions: Assumptions;
  /** As declared in the environment's settings, by name. */
  readonly schedules: Readonly<Record<string, ScheduleDefinition>>;
}

export interface LoadedData {
  /** Whether this call loaded anything; else it was there. */
  readonly loaded: boolean;
  readonly shiftWeeks: number;
  readonly tables: Readonly<Record<string, number>>;
}
