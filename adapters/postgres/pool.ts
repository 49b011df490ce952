import pg from 'pg';
import { PipelineError } from '../../domain/errors.ts';

export interface PostgresConfig {
  /** `postgresql://user:password@host:port/database`. Never logged. */
  readonly connectionString: string;
  /** Connections at most, default 10: one per reader at the same time, more than the activities that a worker runs at once. A reader waits 10 s for one. */
  readonly maxConnections?: number;
  /** A query without an answer for so long fails with UNAVAILABLE. Left out: it is waited for, since joins and loads take what they take. */
  readonly queryTimeoutMs?: number;
}

/** Error codes of the system and SQLSTATE classes (08 connection, 53 resources, 57P server stopping) that say the server is not to be had for now. */
const UNAVAILABLE = /^(ECONNREFUSED|ECONNRESET|ETIMEDOUT|EPIPE|ENOTFOUND|EAI_AGAIN|08.{3}|53.{3}|57P0.)$/;

/**
 * Connections to one database. Sessions speak UTC and print floats so that they read back exactly, whatever the server's own settings.
 * The caller ends the pool.
 */
export function createPostgresPool(config: PostgresConfig): pg.Pool {
  const pool = new pg.Pool({
    connectionString: config.connectionString,
    max: config.maxConnections ?? 10,
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 10_000,
    ...(config.queryTimeoutMs === undefined ? {} : { query_timeout: config.queryTimeoutMs }),
    application_name: 'ml-pipeline',
    options: '-c TimeZone=UTC -c extra_float_digits=1 -c client_encoding=UTF8',
  });
  pool.on('error', () => undefined); // a connection lost while idle: the pool has dropped it, and the next query opens another
  // One lost while in use fails its query; without a listener the connection's own event would end the process too.
  pool.on('connect', (client) => void client.on('error', () => undefined));
  return pool;
}

/** Runs `work` with one connection. It goes back to the pool afterwards; one whose state is unknown after an error is closed instead. */
export async function withClient<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await connectClient(pool);
  let failed = true;
  try {
    const result = await work(client);
    failed = false;
    return result;
  } catch (error) {
    throw asPostgresError(error);
  } finally {
    client.release(failed);
  }
}

/** Runs `work` in one transaction: committed when it resolves, rolled back when it rejects. */
export function inTransaction<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  return withClient(pool, async (client) => {
    await client.query('BEGIN');
    const result = await work(client);
    await client.query('COMMIT');
    return result; // after an error the connection is closed, which rolls back
  });
}

/** Runs `work` with a signal that is aborted, with UNAVAILABLE as its reason, when the connection is lost: locks that it held are free then. */
export async function whileConnected<T>(client: pg.ClientBase, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const onLoss = (): void => controller.abort(new PipelineError('UNAVAILABLE', 'PostgreSQL does not answer (the connection was lost).'));
  client.once('error', onLoss).once('end', onLoss);
  try {
    return await work(controller.signal);
  } finally {
    client.off('error', onLoss).off('end', onLoss);
  }
}

/** A connection that the caller releases. UNAVAILABLE when the server does not answer. */
export async function connectClient(pool: pg.Pool): Promise<pg.PoolClient> {
  try {
    return await pool.connect();
  } catch (error) {
    throw asPostgresError(error);
  }
}

/** The error as users meet it: UNAVAILABLE when the server cannot be reached or is going down, otherwise unchanged. */
export function asPostgresError(error: unknown): unknown {
  if (error instanceof PipelineError || !(error instanceof Error)) return error;
  const code = (error as { code?: unknown }).code;
  const lost = /Connection terminated|timeout exceeded when trying to connect|Query read timeout/.test(error.message);
  if (!lost && !(typeof code === 'string' && UNAVAILABLE.test(code))) return error;
  return new PipelineError('UNAVAILABLE', `PostgreSQL does not answer (${error.message || String(code)}). Check that the server runs and that its address in the environment file is right.`, { cause: error });
}

/** An identifier in double quotes; any text is safe. */
export function quoteIdentifier(name: string): string {
  return pg.escapeIdentifier(name);
}

/** `schema.table` (or a bare table) with both parts quoted. */
export function quoteTable(table: string): string {
  return table.split('.').map(quoteIdentifier).join('.');
}
