/** A materialization to be started: views by name, a window of event timestamps in ISO 8601. */
export interface MaterializationRequest {
  /** Left out: every view that is online. */
  readonly views?: readonly string[];
  readonly start?: string;
  readonly end: string;
  /** Only what came to be seen since the last materialization; then without `start`. */
  readonly incremental?: boolean;
}

/** Starts materializations. */
export interface MaterializationRunner {
  /**
   * `ended` resolves when the values are in the online store, and rejects when it failed. What the workflow's plan would refuse is refused before anything is started: INVALID_INPUT for a window,
   * NOT_FOUND for a view, with the fields of the request as the problems' paths. CONFLICT when one of the same views is under way, UNAVAILABLE when none can be started.
   */
  start(request: MaterializationRequest): Promise<{ readonly ended: Promise<void> }>;
  close(): Promise<void>;
}
