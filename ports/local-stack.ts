/** The servers of the local stack, in the order in which they are started. */
export const STACK_SERVERS = ['postgres', 'redis', 'temporal'] as const;
export type StackServer = (typeof STACK_SERVERS)[number];

/** `compose`: in containers. `native`: as processes of this machine. */
export type StackEngine = 'compose' | 'native';

export interface ServerStatus {
  readonly server: StackServer;
  /** `held`: something that the stack did not start listens on its port. */
  readonly state: 'running' | 'stopped' | 'held';
  /** `127.0.0.1:5432` */
  readonly address: string;
  /** One line for people: its process or container, or who holds the port. */
  readonly detail: string;
}

export interface StackStatus {
  readonly engine: StackEngine;
  readonly servers: readonly ServerStatus[];
  /** Temporal's web UI. */
  readonly temporalUiUrl: string;
}

export interface StackUp extends StackStatus {
  /** Those that this call started; empty when all of them ran already. */
  readonly started: readonly StackServer[];
}

/**
 * Drives the servers of one project folder, on 127.0.0.1 only. Every operation is safe to repeat, and none ever touches a server that the stack
 * did not start. Failures are PipelineErrors: CONFLICT (a port is held), UNAVAILABLE (a server does not come up), INVALID_CONFIG.
 */
export interface LocalStack {
  readonly engine: StackEngine;
  /** Starts what does not run, waits until everything answers, and makes sure of the database, its schemas and the search attributes. */
  up(onStep?: (step: string) => void): Promise<StackUp>;
  status(): Promise<StackStatus>;
  /** The last `lines` lines of each server's log. */
  logs(options: { readonly servers?: readonly StackServer[]; readonly lines: number }): Promise<readonly { readonly server: StackServer; readonly text: string }[]>;
  /** Stops the servers in order and keeps their data. Resolves to those that it stopped. */
  down(): Promise<readonly StackServer[]>;
  /** Stops the servers and removes their data; refused without `confirmed`. Resolves to the folders removed. */
  reset(options: { readonly confirmed: boolean }): Promise<readonly string[]>;
}

/** This project's own programs that can run in the background beside the servers, in the order in which they are started. */
export const STACK_PROCESSES = ['worker', 'api', 'mlflow'] as const;
export type StackProcess = (typeof STACK_PROCESSES)[number];

export interface ProcessStatus {
  readonly process: StackProcess;
  /** `held`: something that was not started here listens on its port. */
  readonly state: 'running' | 'stopped' | 'held';
  /** `http://127.0.0.1:3000`; empty for a process that does not listen. */
  readonly address: string;
  readonly detail: string;
}

/** Drives the background processes of one project folder. Safe to repeat; never touches a process that it did not start. */
export interface BackgroundProcesses {
  /** Starts those that do not run, waits until each answers, and resolves to the ones started. UNAVAILABLE with the end of its log when one ends at once. */
  up(processes: readonly StackProcess[], onStep?: (step: string) => void): Promise<readonly StackProcess[]>;
  status(): Promise<readonly ProcessStatus[]>;
  logs(options: { readonly processes?: readonly StackProcess[]; readonly lines: number }): Promise<readonly { readonly process: StackProcess; readonly text: string }[]>;
  /** Asks them to end (all when none is named), waits, and resolves to those that it stopped. */
  down(processes?: readonly StackProcess[]): Promise<readonly StackProcess[]>;
}
