import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { CopyToStreamQuery } from 'pg-copy-streams';
import type { RecordBatch } from '../../domain/data/columns.ts';
import { PipelineError } from '../../domain/errors.ts';
import { asPostgresError, connectClient } from './pool.ts';
import { CopyDecoder } from './copy-decoder.ts';
import type { CopyColumn } from './copy-decoder.ts';

export interface CopyRequest {
  readonly pool: pg.Pool;
  readonly connectionString: string;
  /** A SELECT whose columns have exactly the wire types of `columns`. */
  readonly select: string;
  readonly columns: readonly CopyColumn[];
  /** SQL to run first in the same transaction: settings of the planner, temporary tables. */
  readonly before?: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

/** Rows in one batch: some megabytes, enough that the work per batch does not count. */
export const BATCH_ROWS = 8192;

/**
 * Streams the rows of a SELECT. At most a batch and a socket buffer are in memory: the server waits while the consumer works.
 * When the signal aborts, or the consumer stops early, the server's query is cancelled and the connection closed.
 */
export async function* copyRows(request: CopyRequest): AsyncGenerator<RecordBatch> {
  request.signal?.throwIfAborted();
  const client = await connectClient(request.pool);
  let finished = false;
  let stream: CopyToStreamQuery | undefined;
  const abort = (): void => void stream?.destroy(); // then the loop ends, and below the query is cancelled
  request.signal?.addEventListener('abort', abort, { once: true });
  try {
    const begin = `BEGIN READ WRITE; ${(request.before ?? []).map((statement) => `${statement};`).join(' ')}`;
    await cancellable(client, request.connectionString, request.signal, () => client.query(begin)); // may copy a whole table
    request.signal?.throwIfAborted();
    stream = client.query(copyTo(`COPY (${request.select}) TO STDOUT (FORMAT binary)`, { highWaterMark: 1 << 18 }));
    stream.on('error', () => undefined); // the loop below throws it; one that comes after the loop, from closing the connection, says nothing new
    const decoder = new CopyDecoder(request.columns, BATCH_ROWS);
    for await (const chunk of stream) {
      request.signal?.throwIfAborted();
      yield* decoder.decode(chunk as Buffer);
    }
    yield* decoder.finish();
    await client.query('ROLLBACK'); // only reads and temporary tables
    finished = true;
  } catch (error) {
    throw request.signal?.aborted === true ? request.signal.reason : asReadError(error);
  } finally {
    request.signal?.removeEventListener('abort', abort);
    if (!finished) await cancelQuery(client, request.connectionString);
    client.release(!finished);
  }
}

/** Runs `work` and cancels the statement that the client is at when the signal aborts; then rejects with the signal's reason. */
export async function cancellable<T>(client: pg.PoolClient, connectionString: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  if (signal === undefined) return work();
  signal.throwIfAborted();
  let cancelled: Promise<void> | undefined;
  const abort = (): void => void (cancelled = cancelQuery(client, connectionString));
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await work();
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    signal.removeEventListener('abort', abort);
    await cancelled; // or it would hit whatever the connection does next
  }
}

/** Asks the server, by a connection of its own, to cancel what the client's backend is doing. Nothing to cancel, or no server any more, is no error. */
async function cancelQuery(client: pg.PoolClient, connectionString: string): Promise<void> {
  const { processID } = client as unknown as { processID: number | null };
  const canceller = new pg.Client({ connectionString, connectionTimeoutMillis: 5000 });
  canceller.on('error', () => undefined); // the answer is all we want of this connection
  try {
    await canceller.connect();
    await canceller.query('SELECT pg_cancel_backend($1)', [processID]);
  } catch {
    // The server cannot be reached: the query ends with its connection, which the caller closes.
  } finally {
    await canceller.end().catch(() => undefined);
  }
}

/** A refused value (SQLSTATE class 22, or 0A000: what PostgreSQL has no conversion for, such as infinity to bigint) becomes INVALID_DATA, without the value itself: rows do not belong into logs. */
export function asReadError(error: unknown): unknown {
  const code = (error as { code?: unknown }).code;
  if (error instanceof PipelineError || !(error instanceof Error) || typeof code !== 'string') return asPostgresError(error);
  if (code.startsWith('22') || code === '0A000') return new PipelineError('INVALID_DATA', `PostgreSQL could not convert a value: ${error.message.replace(/".*"/s, '"..."')}. Declare a type that holds it, or convert it in the table or query.`);
  return asPostgresError(error);
}
