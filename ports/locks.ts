export interface LockWish {
  /** Others that take it shared may have it, too. Default: nobody else. */
  readonly shared?: boolean;
  /** Milliseconds that are waited for all names together. */
  readonly millis: number;
  /** Is told each name that others hold, before it is waited for. */
  readonly onWait?: (name: string) => void;
  /** The error for a name that was not had in time. */
  readonly refuse: (name: string) => Error;
}

/** Locks by name, over all processes of one project. */
export interface Locks {
  /**
   * Does the work while the names are locked, and frees them afterwards, also by the death of the process. They are taken one after the other in the order of their names, so that two callers never
   * wait for each other in a circle. Who comes later waits behind who waits for a name alone. `signal` is aborted when the locks are lost; the call rejects then when the work ends, however that ends.
   */
  hold<T>(names: readonly string[], wish: LockWish, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}
