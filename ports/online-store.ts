import type { RecordBatch } from '../domain/data/columns.ts';
import type { FeatureViewSnapshot } from '../domain/features/snapshot.ts';
import type { FeatureValue } from '../domain/features/value-types.ts';
import type { Micros } from '../domain/instant.ts';

export interface OnlineWriteResult {
  /** Rows that replaced what was there. */
  readonly written: number;
  /** Rows left out because an equal or newer row was there. */
  readonly skipped: number;
}

/** The features of one view for some entities. */
export interface OnlineReadRequest {
  readonly view: FeatureViewSnapshot;
  readonly features: readonly string[];
  /** One entry per row wanted: the values of the view's join keys, in the snapshot's order, canonical. */
  readonly entityKeys: readonly (readonly FeatureValue[])[];
}

/** What is known of one entity in one view. */
export interface OnlineRow {
  /** undefined: the store has nothing for this entity and view. */
  readonly eventTimestampMicros: Micros | undefined;
  /** One per requested feature, canonical; null where missing. Values older than the view's ttl are here too: the reader decides by its as-of instant. */
  readonly values: readonly FeatureValue[];
}

/** Takes values one after the other. What is written out at once needs no object for each. */
export interface ValueSink {
  /** A canonical value of any type; null where it is missing. */
  value(value: FeatureValue): void;
  /** A Float64 or Float32. */
  float(value: number): void;
  /** An Int64 that a number holds exactly. */
  int64(value: number): void;
  /** A String or Json as UTF-8: the bytes from `start` up to `end`. They are the sink's only during the call. */
  text(bytes: Buffer, start: number, end: number): void;
}

/** What is known of the entities of one request. Rows are those of the request's `entityKeys`, features those of its `features`, both from 0. */
export interface OnlineColumns {
  /** By row, microseconds; NaN where the store has nothing for this entity and view. */
  readonly eventTimestamps: Float64Array;
  /** Canonical; null where missing. A stored value of another type than declared is INVALID_DATA. */
  value(row: number, feature: number): FeatureValue;
  /** Gives the same value to a sink. */
  tell(row: number, feature: number, sink: ValueSink): void;
}

/** Which row of a view an entity has. */
export interface RowVersion {
  /** null: not known. */
  readonly createdTimestampMicros: Micros | null;
  /** The store's own mark of the row: the same one for as long as nobody writes another. */
  readonly token: Uint8Array;
}

/** The newest values by entity, for serving. */
export interface OnlineStore {
  /**
   * Writes the rows of a batch (columns as Warehouse.newestRows gives them). An older event timestamp never replaces what is there, also under concurrent writers; of
   * equal event timestamps the greater created timestamp wins, a known one over an unknown one, and an equal row is left out, unless the stored one was written by another definition
   * of the view's features (added, of another type): then it is filled anew (docs/adr/0007-newer-wins.md). Every key whose value is still within the view's ttl has nine tenths of its
   * lifetime before it afterwards, or more. Writing the same batch again changes no value. Resolves when the server has taken
   * all rows; a write that failed may have taken some of them, and can be repeated.
   */
  write(view: FeatureViewSnapshot, batch: RecordBatch): Promise<OnlineWriteResult>;
  /** All requests in one round trip: result [request][entity]. A stored value of another type than declared is INVALID_DATA. */
  read(requests: readonly OnlineReadRequest[]): Promise<readonly (readonly OnlineRow[])[]>;
  /** `read` for answers that are text: a value is decoded when it is asked for. Result [request]. */
  readColumns(requests: readonly OnlineReadRequest[]): Promise<readonly OnlineColumns[]>;
  /**
   * Renews the lifetime of every key of the project that holds a value of the view still within its ttl at the instant, where less than nine tenths of it are left: what `write` does
   * for the rows that it is given, for rows that no materialization brings any more. `renewed`: keys that had too little left, or were to have no end. Goes through all keys with bounded
   * memory, and can be repeated. `writtenSinceMicros`: `write` got every row that is to live on, at this instant or later; where that is recent enough, nothing is looked at.
   */
  renew(view: FeatureViewSnapshot, asOfMicros: Micros, writtenSinceMicros?: Micros): Promise<{ readonly renewed: number }>;
  /** Entity keys (in the order of the view's join keys, canonical) that the store holds for the view, in no order, at most `batchSize` at a time; the same one may come twice. */
  entities(view: FeatureViewSnapshot, batchSize: number): AsyncIterable<readonly (readonly FeatureValue[])[]>;
  /** Which row each entity has; undefined: none. Asked before `read`, it lets `remove` take away what was read, and nothing that came since. */
  versions(view: FeatureViewSnapshot, entityKeys: readonly (readonly FeatureValue[])[]): Promise<readonly (RowVersion | undefined)[]>;
  /**
   * Removes the view's values, of all entities or of those given; values of other views stay. `versions`, one for each of the entities: only rows that are still these go, compared and
   * removed in one step, whoever else writes. `removed`: entities that had some and have none now. Each entity is one step: a row that another writer brings meanwhile is there as a whole
   * or not at all. Can be repeated.
   */
  remove(view: FeatureViewSnapshot, entityKeys?: readonly (readonly FeatureValue[])[], versions?: readonly RowVersion[]): Promise<{ readonly removed: number }>;
  /** Round trip without data; UNAVAILABLE when the server does not answer in time. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
