import { setMaxListeners } from 'node:events';
import type pg from 'pg';
import type { RecordBatch } from '../../domain/data/columns.ts';
import { copyRows, type CopyRequest } from './copy-rows.ts';
import { connectClient, createPostgresPool, type PostgresConfig } from './pool.ts';

/** Reads that all see the data as they were at one moment. */
export interface SharedSnapshot {
  /** A connection that sees them, too. */
  readonly coordinator: pg.PoolClient;
  /** Streams the rows of a query, over a connection that it has while it runs. */
  read(query: Pick<CopyRequest, 'select' | 'columns' | 'before'>): AsyncGenerator<RecordBatch>;
}

/**
 * The batches of `work`, which may have so many reads under way at a time. The connections are a pool of their own: reads that wait for each other must not wait for a pool that other
 * joins have emptied. When `work` ends, fails, is aborted or is left early, all reads are cancelled and their connections closed.
 */
export async function* readAsOfOneMoment(config: PostgresConfig, reads: number, signal: AbortSignal | undefined, work: (snapshot: SharedSnapshot) => AsyncGenerator<RecordBatch>): AsyncGenerator<RecordBatch> {
  const pool = createPostgresPool({ ...config, maxConnections: reads + 1 });
  const stop = new AbortController();
  const stopped = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  setMaxListeners(2 * (reads + 1), stopped); // two for each read: no leak
  const open = new Set<AsyncGenerator<RecordBatch>>();
  try {
    const coordinator = await connectClient(pool);
    try {
      const share = await exportSnapshot(coordinator);
      yield* work({
        coordinator,
        read: ({ before = [], ...query }) => {
          const rows = read();
          open.add(rows);
          return rows;
          async function* read(): AsyncGenerator<RecordBatch> {
            yield* copyRows({ pool, connectionString: config.connectionString, ...query, before: [...share, ...before], signal: stopped });
            open.delete(rows); // what it holds can go
          }
        },
      });
    } finally {
      coordinator.release(true); // ends its transaction
    }
  } finally {
    stop.abort(new Error('The join has ended.'));
    await Promise.allSettled([...open].map((rows) => rows.return(undefined)));
    await pool.end();
  }
}

/** Begins the transaction whose view of the data others take by the statements that it resolves to, while it lasts. */
async function exportSnapshot(client: pg.PoolClient): Promise<readonly string[]> {
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  const { rows } = await client.query<{ snapshot: string }>('SELECT pg_export_snapshot() AS snapshot');
  return ['SET TRANSACTION ISOLATION LEVEL REPEATABLE READ', `SET TRANSACTION SNAPSHOT ${client.escapeLiteral(rows[0]!.snapshot)}`];
}
