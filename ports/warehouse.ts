import type { ColumnSchema, RecordBatch } from '../domain/data/columns.ts';
import type { QueryUsage, SpineRef } from '../domain/data/dataset-ref.ts';
import type { FeatureSelection, FeatureViewSnapshot } from '../domain/features/snapshot.ts';
import type { Micros } from '../domain/instant.ts';

/** A query with values bound as parameters, never spliced in: the nth of `values` stands where the warehouse's own text says so, `$n` in PostgreSQL, `@pn` in BigQuery. */
export interface BoundQuery {
  readonly sql: string;
  readonly values: readonly (string | number | boolean)[];
}

export interface WriteSpineRequest {
  /** Letters, digits and `_`; the same name again replaces the table (a retry of the same step). */
  readonly name: string;
  readonly query: BoundQuery;
  readonly entityColumns: readonly string[];
  readonly timestampColumn: string;
  /** Rows later than this are refused (INVALID_DATA), with their number: a spine has no future. */
  readonly asOfMicros: Micros;
  /** The table may be removed after this instant. */
  readonly expiresAtMicros: Micros;
  readonly signal?: AbortSignal;
}

/** A spine from rows that are at hand, of columns with single values. */
export interface WriteSpineRowsRequest extends Omit<WriteSpineRequest, 'query'> {
  readonly rows: RowStream;
}

export interface HistoricalFeaturesRequest {
  readonly spine: SpineRef;
  readonly timestampColumn: string;
  readonly selection: FeatureSelection;
  /** How to join; both give the same rows. Default `auto`. A warehouse that has one way only refuses the other (UNSUPPORTED). */
  readonly strategy?: JoinStrategy | 'auto';
  /** Bytes that `snapshot` may take for the newest rows of all entities, default 256 MiB. Beyond it `snapshot` is refused (UNSUPPORTED), and `auto` goes on with `warehouse`. */
  readonly memoryBytes?: number;
  readonly step?: StepName;
  readonly signal?: AbortSignal;
}

/**
 * Names the step of a run that asks, and is the same whenever the step is tried again: a warehouse that keeps the results of its queries then gives the one that an earlier attempt made.
 * Left out: nothing is shared.
 */
export type StepName = string;

/**
 * `warehouse`: one query, one index lookup per spine row and view; best where the sources are much larger than the spine.
 * `snapshot`: the needed windows of the sources are read once and merged in this process. `auto` chooses by the warehouse's row estimates.
 */
export const JOIN_STRATEGIES = ['warehouse', 'snapshot'] as const;
export type JoinStrategy = (typeof JOIN_STRATEGIES)[number];

/** Rows with their schema known before the first row is read. */
export interface RowStream {
  readonly schema: readonly ColumnSchema[];
  readonly batches: AsyncIterable<RecordBatch>;
}

export interface JoinedRows extends RowStream {
  /** How they are joined. */
  readonly strategy: JoinStrategy;
  /** What the queries cost, where the warehouse bills by bytes. */
  readonly usage?: QueryUsage;
}

export interface NewestRowsRequest {
  readonly view: FeatureViewSnapshot;
  /** Event timestamps from `startMicros` (included) to `endMicros` (included). */
  readonly startMicros: Micros;
  readonly endMicros: Micros;
  /** Created timestamps not later than this. Default: `endMicros`. */
  readonly knownByMicros?: Micros;
  /** Only rows that could not be seen yet at this instant: their created or their event timestamp is later (incremental materialization). */
  readonly visibleAfterMicros?: Micros;
  /** One of `count` disjoint slices by hash of the join keys, 0-based; every entity falls into exactly one. */
  readonly slice: { readonly index: number; readonly count: number };
  /** About how many rows the window has (`estimateRows`), to lay out a result by; the same for all slices of a step. Left out: the warehouse asks itself, where it needs it. */
  readonly rows?: number;
  /** The same for all slices: they share one result, where the warehouse keeps it. */
  readonly step?: StepName;
  readonly signal?: AbortSignal;
}

/** A read that may be made. */
export type PlannedRead = { readonly query: BoundQuery } | { readonly newestRows: Omit<NewestRowsRequest, 'slice'> };

export interface TableColumn {
  readonly name: string;
  /** The warehouse's own type name, for messages. */
  readonly nativeType: string;
  /** The column type it is read as; undefined when it cannot be read. */
  readonly type: ColumnSchema['type'] | undefined;
}

/** A spine table that may be removed. */
export interface ExpiredSpine {
  /** `spine_data.<name>` */
  readonly table: string;
  readonly bytes: number;
  readonly expiredMicros: Micros;
}

/** The data warehouse: spines, the offline store, point-in-time joins. All instants are UTC; a timestamp column without time zone is UTC. */
export interface Warehouse {
  /** Creates schemas and bookkeeping that are missing. Safe to repeat. */
  prepare(): Promise<void>;
  /** The schemas that `prepare` would create, by the warehouse's own names. */
  missingSchemas(): Promise<readonly string[]>;
  /**
   * Runs the query once into `spine_data.<name>`, rows numbered from 0 by (event timestamp, join keys, the remaining columns), column `row_number` first.
   * The table appears whole.
   */
  writeSpine(request: WriteSpineRequest): Promise<SpineRef>;
  /** The same for rows that are not in the warehouse. */
  writeSpineRows(request: WriteSpineRowsRequest): Promise<SpineRef>;
  /**
   * The training set: all columns of the spine (without `row_number`), then the selected features, one row per spine row, in spine order.
   * Rules: docs/adr/0005-point-in-time-join.md; `domain/features/point-in-time.ts` is their oracle. Values are cast to the declared types.
   */
  historicalFeatures(request: HistoricalFeaturesRequest): Promise<JoinedRows>;
  /**
   * The newest row of each entity in the window: columns join keys, features, `event_timestamp`, `created_timestamp` (null where the source has none); ordered by join keys,
   * so that a cursor over batches is stable. Rows with a null join key are left out.
   */
  newestRows(request: NewestRowsRequest): Promise<RowStream>;
  /** Number of rows of the window, cheaply (an estimate is enough): to choose the number of slices. */
  estimateRows(request: Omit<NewestRowsRequest, 'slice'>): Promise<number>;
  /** Bytes that the read would process, and bill; nothing is run. Absent in a warehouse that does not bill by bytes. */
  processedBytes?(read: PlannedRead): Promise<number>;
  /** The table's columns; NOT_FOUND when there is no such table. */
  describeTable(table: string): Promise<readonly TableColumn[]>;
  /** The query that gives all rows and columns of the table, as its SQL writes names. */
  wholeTable(table: string): BoundQuery;
  /** The columns that a query gives, without running it; INVALID_TEMPLATE when the warehouse refuses its text. */
  describeQuery(query: BoundQuery): Promise<readonly TableColumn[]>;
  /** The spine tables that expired before the instant, by name. */
  expiredSpines(nowMicros: Micros): Promise<readonly ExpiredSpine[]>;
  /** Removes the spine tables that expired before the instant; resolves to their names. */
  dropExpiredSpines(nowMicros: Micros): Promise<readonly string[]>;
  /** Removes a spine table; nothing there is no error. */
  dropSpine(table: string): Promise<void>;
  close(): Promise<void>;
}
