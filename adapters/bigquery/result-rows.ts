import { createHash, randomUUID } from 'node:crypto';
import { ROW_NUMBER } from '../../domain/data/spine-columns.ts';
import type { RecordBatch } from '../../domain/data/columns.ts';
import type { ReadColumn } from './arrow-columns.ts';
import type { BigQueryConnection } from './connection.ts';
import { chunkRows, readOrdered } from './read-ordered.ts';
import { runQuery } from './run-query.ts';
import type { FinishedQuery } from './run-query.ts';
import type { TableId } from './sql.ts';

/** A table of the result is kept for a day: as long as a step may be tried again. */
const KEPT_MS = 86_400_000;
/** Streams of one chunk. */
const STREAMS = 4;
/** A job may write into 4,000 partitions (cloud.google.com/bigquery/quotas, partitioned tables). */
const MOST_PARTITIONS = 3000;

export interface ResultQuery {
  /** A query whose column `row_number` counts its rows from 0. */
  readonly sql: string;
  readonly columns: readonly ReadColumn[];
  /** What the query is for, in words for messages. */
  readonly doing: string;
  /** Names the step that asks; left out: nobody else uses the result. */
  readonly step: string | undefined;
  /** About how many rows come. */
  readonly rows: number;
  readonly signal?: AbortSignal | undefined;
}

export interface OrderedResult {
  readonly query: FinishedQuery;
  readonly batches: AsyncIterable<RecordBatch>;
}

/**
 * Runs the query into a table of its own, which BigQuery removes after a day, divided and ordered by row number, so that chunks of it are read without the rest. A step that is tried
 * again finds the table that it made. The rows are read when they are asked for.
 */
export async function runForRows(connection: BigQueryConnection, { sql, columns, doing, step, rows, signal }: ResultQuery): Promise<OrderedResult> {
  const { settings } = connection;
  const jobKey = step === undefined ? randomUUID() : `${step}\n${sql}`;
  const query = await runQuery(connection, {
    sql, step: doing, jobKey, signal, expirationMillis: KEPT_MS,
    destination: { projectId: settings.project, datasetId: settings.datasets.spine, tableId: `result_${createHash('sha256').update(jobKey).digest('hex').slice(0, 32)}` },
    partitioning: { rangePartitioning: resultPartitions(rows, chunkRows(columns)) },
    clustering: [ROW_NUMBER],
    labels: { step: doing },
  });
  return { query, batches: readRows(connection, query.destination, query.rowCount, columns, signal) };
}

/** The rows of a table that are numbered 0 to `rowCount - 1`, in that order. */
export async function* readRows(connection: BigQueryConnection, table: TableId, rowCount: number, columns: readonly ReadColumn[], signal: AbortSignal | undefined): AsyncGenerator<RecordBatch> {
  yield* readOrdered({ client: await connection.readClient(), project: connection.settings.project, table, columns, rowCount, streams: STREAMS, signal });
}

/** Partitions of whole chunks, not more than a job may write. */
export function resultPartitions(rows: number, chunk: number): object {
  const interval = chunk * Math.max(1, Math.ceil(rows / chunk / MOST_PARTITIONS));
  const end = Math.max(interval, Math.ceil(Math.max(rows, 1) / interval) * interval);
  return { field: ROW_NUMBER, range: { start: '0', end: String(end), interval: String(interval) } };
}
