import type { Micros } from '../domain/instant.ts';

/** Bytes that name an event, or what was said of one: 16 of them. */
export type Digest = Uint8Array;

/** What is known of an event (table, join keys, event timestamp). */
export interface SaidOfEvent {
  /** Digest of what was said of it last. */
  readonly latest: Digest;
  /** The greatest created timestamp that a row of it has. */
  readonly createdMicros: Micros;
}

/** Events that nobody else works on until they are confirmed or abandoned, or until the lease ends. */
export interface EventLock {
  readonly token: string;
  /** In the order of the events; undefined: nothing was said of it. */
  readonly events: readonly (SaidOfEvent | undefined)[];
  /** In the order of the contents: the created timestamp under which it was said; undefined: it was not. */
  readonly contents: readonly (Micros | undefined)[];
}

/** Rows that the online store has yet to get. */
export interface OnlineNote {
  readonly id: string;
  readonly rowCount: number;
  /** Says the view and the rows, to whoever wrote it. */
  readonly body: string;
  /** Not before this instant; null: at once. */
  readonly dueMicros: Micros | null;
}

/** What counts as said once the rows are in their tables. */
export interface Said {
  readonly events: readonly (SaidOfEvent & { readonly event: Digest })[];
  /** What was said with a created timestamp of the caller's own. */
  readonly contents: readonly { readonly content: Digest; readonly createdMicros: Micros }[];
  readonly notes: readonly OnlineNote[];
}

/**
 * Keeps what a warehouse without transactions cannot: what was said of each event last, what is on its way into the tables, and what the online store has yet to get. Every call is one step, whoever else
 * calls. A push is locked, planned, appended to the tables and confirmed; of one whose process has gone in between, the lease ends, and another process finishes it by its plan.
 */
export interface PushLedger {
  /** Locks all of the events, or none: then undefined, since another push holds one of them. */
  lock(events: readonly Digest[], contents: readonly Digest[]): Promise<EventLock | undefined>;
  /** Keeps, for whoever has to finish the push, what is about to be appended, and begins the lease anew. false: the lease has ended, and the events may be another's; nothing was kept. */
  plan(token: string, plan: Uint8Array): Promise<boolean>;
  /** The rows are in their tables: what they say counts from now on, the notes wait, and the events are free. Only the first of several calls with one token does something. */
  confirm(token: string, said: Said): Promise<void>;
  /** Nothing was appended: the events are free, as they were before. */
  abandon(token: string): Promise<void>;
  /** Pushes whose lease has ended, the oldest first, with their plans, where they have one. The caller has each for another lease. */
  takeStale(limit: number): Promise<readonly { readonly token: string; readonly plan: Uint8Array | undefined }[]>;
  /** Notes that are due and were made at least so many seconds ago, the oldest first. Nobody else gets them within a lease, unless they are given back. */
  takeDue(olderThanSeconds: number, limit: number): Promise<readonly { readonly id: string; readonly body: string }[]>;
  giveBack(ids: readonly string[]): Promise<void>;
  /** The online store has these. */
  settle(ids: readonly string[]): Promise<void>;
  /** The online store will never take it: it is kept apart, with the reason. */
  setAside(id: string, reason: string): Promise<void>;
  /** Rows of all notes. */
  waitingRows(): Promise<number>;
  /** Forgets what was said and not said again since the instant. */
  forget(beforeMicros: Micros): Promise<void>;
  close(): Promise<void>;
}
