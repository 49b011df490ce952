import type { PushedRows } from '../domain/features/pushed-rows.ts';
import type { Micros } from '../domain/instant.ts';

/** What one push brings: the same events, for each view that takes them. */
export interface Push {
  /** When it arrived: the created timestamp of rows that bring none (null), where their source has one. */
  readonly receivedMicros: Micros;
  /** All have the same number of rows: row n is event n. */
  readonly views: readonly PushedRows[];
  /** Whether the rows go to the online store, too. */
  readonly online: boolean;
}

export interface RecordedPush {
  /** The rows that are to be written to the online store now, with the created timestamp under which they are recorded; none of a push that is not online. */
  readonly views: readonly PushedRows[];
  /** Names each of these views' rows, until they are settled. */
  readonly tickets: readonly string[];
  /** Rows, over all views, that go to the online store later: when their event has happened. */
  readonly heldRows: number;
}

/** Takes pushed events into the offline tables, and remembers which of them the online store has yet to get. */
export interface PushLog {
  /** Creates its tables where they are missing, and brings those of an earlier version up to date, or leaves both to the first `record`. Safe to repeat. */
  prepare(): Promise<void>;
  /**
   * Adds the events to their views' tables, in the order of the pushes, and notes what is to be written online: all of it is kept, or none; after UNAVAILABLE it may be kept, and is then brought into all of its tables whatever happens to this process. In a warehouse without transactions another error may leave it in some tables: it names them, what is in counts as said, and the same push adds the rest. What an event (table, join
   * keys, event timestamp) was said to be last is not added again; anything else is, with a created timestamp later than those before it. A row that brings its own created timestamp is
   * not added again where the same was ever recorded. INVALID_DEFINITION when a view does not fit its table, INVALID_DATA when the table refuses a value, CONFLICT when one of its unique
   * indexes has no room for another row of an event.
   */
  record(pushes: readonly Push[]): Promise<readonly RecordedPush[]>;
  /** The online store has these. */
  settle(tickets: readonly string[]): Promise<void>;
  /**
   * Gives what is left of pushes that were recorded at least so many seconds ago, and whose events have happened, to `write`, the oldest first, and settles it. Processes that call it at the same time
   * share the work. What `write` refuses for good is set aside; any other error ends the call. Resolves to the number of batches delivered.
   */
  deliver(olderThanSeconds: number, write: (rows: PushedRows) => Promise<void>): Promise<number>;
  /** Rows that are not settled yet, those that are not due among them. */
  pendingRows(): Promise<number>;
  /** Forgets events of which nothing was recorded since the instant; the same push after that is a new one. */
  forget(beforeMicros: Micros): Promise<void>;
  close(): Promise<void>;
}
