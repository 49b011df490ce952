import { createHash, randomUUID } from 'node:crypto';
import { ROW_NUMBER } from '../../domain/data/spine-columns.ts';
import type { RecordBatch } from '../../domain/data/columns.ts';
import type { ReadColumn } from './arrow-columns.ts';
import type { BigQueryConnection } from './connection.ts';
import { chunkRows, readOrdered } from './read-ordered.ts';
import type { OrderedRead } from './read-ordered.ts';
import { runQuery } from './run-query.ts';
import type { FinishedQuery } from './run-query.ts';
import { MOST_PARTITIONS } from './slice-layout.ts';

/** A table of the result is kept for a day: as long as a step may be tried again. */
const KEPT_MS = 86_400_000;
/** Streams of one chunk. */
const STREAMS = 4;

export interface ResultQuery {
  /** A query whose column `row_number` counts its rows from 0. */
  readonly sql: string;
  /** What the query is for, in words for messages. */
  readonly doing: string;
  /** Names the step that asks; left out: nobody else uses the result. */
  readonly step: string | undefined;
  readonly partitioning: object;
  readonly signal?: AbortSignal | undefined;
}

export interface OrderedResult {
  readonly query: FinishedQuery;
  readonly batches: AsyncIterable<RecordBatch>;
}

/** Runs the query into a table of its own, which BigQuery removes after a day, clustered by row number. A step that is tried again finds the table that it made. */
export function runForResult(connection: BigQueryConnection, { sql, doing, step, partitioning, signal }: ResultQuery): Promise<FinishedQuery> {
  const { settings } = connection;
  const jobKey = step === undefined ? randomUUID() : `${step}\n${sql}`;
  return runQuery(connection, {
    sql, step: doing, jobKey, signal, expirationMillis: KEPT_MS,
    destination: { projectId: settings.project, datasetId: settings.datasets.spine, tableId: `result_${createHash('sha256').update(jobKey).digest('hex').slice(0, 32)}` },
    partitioning,
    clustering: [ROW_NUMBER],
    labels: { step: doing },
  });
}

/** Runs the query for about so many rows; its table is divided by row number, so that chunks of it are read without the rest. The rows are read when they are asked for. */
export async function runForRows(connection: BigQueryConnection, { columns, rows, ...query }: Omit<ResultQuery, 'partitioning'> & { readonly columns: readonly ReadColumn[]; readonly rows: number }): Promise<OrderedResult> {
  const finished = await runForResult(connection, { ...query, partitioning: { rangePartitioning: resultPartitions(rows, chunkRows(columns)) } });
  return { query: finished, batches: readRows(connection, { table: finished.destination, rowCount: finished.rowCount, columns, signal: query.signal }) };
}

/** The rows of a table that are numbered 0 to `rowCount - 1`, in that order. */
export async function* readRows(connection: BigQueryConnection, read: Pick<OrderedRead, 'table' | 'rowCount' | 'columns' | 'within' | 'signal'>): AsyncGenerator<RecordBatch> {
  yield* readOrdered({ ...read, client: await connection.readClient(), project: connection.settings.project, streams: STREAMS });
}

/** Partitions of whole chunks, not more than a job may write. */
export function resultPartitions(rows: number, chunk: number): object {
  const interval = chunk * Math.max(1, Math.ceil(rows / chunk / MOST_PARTITIONS));
  const end = Math.max(interval, Math.ceil(Math.max(rows, 1) / interval) * interval);
  return { field: ROW_NUMBER, range: { start: '0', end: String(end), interval: String(interval) } };
}
