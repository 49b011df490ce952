import type { PushedRows } from '../domain/features/pushed-rows.ts';
import type { Micros } from '../domain/instant.ts';

/** What one push brings: the same events, for each view that takes them. */
export interface Push {
  /** All have the same number of rows: row n is event n. */
  readonly views: readonly PushedRows[];
  /** Whether the rows go to the online store, too. */
  readonly online: boolean;
}

export interface RecordedPush {
  /** The rows with the created timestamp under which their event was recorded first. */
  readonly views: readonly PushedRows[];
  /** Names what is still to be written online, until it is settled; empty for a push that is not online. */
  readonly tickets: readonly string[];
}

/** Takes pushed events into the offline tables, and remembers which of them the online store has yet to get. */
export interface PushLog {
  /** Creates its tables where they are missing. Safe to repeat. */
  prepare(): Promise<void>;
  /**
   * Adds the events to their views' tables and notes what is to be written online, in one transaction: all of it is kept, or none. An event (table, join keys, event timestamp
   * and values) that was pushed before is not added again. INVALID_DEFINITION when a view does not fit its table, INVALID_DATA when the table refuses a value.
   */
  record(pushes: readonly Push[]): Promise<readonly RecordedPush[]>;
  /** The online store has these. */
  settle(tickets: readonly string[]): Promise<void>;
  /**
   * Gives what is left of pushes that were recorded at least so many seconds ago to `write`, the oldest first, and settles it. Processes that call it at the same time
   * share the work. What `write` refuses for good is set aside; any other error ends the call. Resolves to the number of batches delivered.
   */
  deliver(olderThanSeconds: number, write: (rows: PushedRows) => Promise<void>): Promise<number>;
  /** Rows that are not settled yet. */
  pendingRows(): Promise<number>;
  /** Forgets events recorded before the instant; the same push after that is a new one. */
  forget(beforeMicros: Micros): Promise<void>;
  close(): Promise<void>;
}
