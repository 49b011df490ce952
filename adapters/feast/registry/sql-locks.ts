import type pg from 'pg';
import type { Locks } from '../../../ports/locks.ts';
import { createPostgresPool, inTransaction, type PostgresConfig, whileConnected } from '../../postgres/pool.ts';

/** More than the server takes to say that a lock was not had. */
const ANSWER_MS = 5_000;

/** Locks of the server, each held by a transaction: a killed process loses them. They have connections of their own, so that who holds one never waits for who waits for one. `scope`: before each name. */
export function createSqlLocks(config: PostgresConfig, scope: string): Locks {
  const pool = createPostgresPool(config);
  return {
    hold: (names, { shared = false, millis, onWait, refuse }, work) =>
      inTransaction(pool, async (client) => {
        const end = Date.now() + millis;
        for (const name of [...new Set(names)].sort()) {
          const lock = `${scope} ${name}`;
          if (onWait !== undefined) {
            if (await tryLock(client, lock)) continue;
            onWait(name);
          }
          if (!(await takeLock(client, lock, { shared, millis: end - Date.now() }))) throw refuse(name);
        }
        return whileConnected(client, work);
      }),
    close: () => (pool.ended || pool.ending ? Promise.resolve() : pool.end()),
  };
}

export interface SqlLockWish {
  /** Others that take it shared may have it, too. Default: nobody else. */
  readonly shared?: boolean;
  readonly millis: number;
}

/**
 * Takes a lock of that name until the transaction ends, also by the death of its process. Whether it was had in time: if not, the transaction is over. Who comes later waits behind who came
 * first, whichever way they take it. The server does not end the transaction for being idle.
 */
export async function takeLock(client: pg.ClientBase, name: string, { shared = false, millis }: SqlLockWish): Promise<boolean> {
  await client.query(`SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL lock_timeout = ${Math.max(1, Math.ceil(millis))}`);
  const wait: pg.QueryConfig & { readonly query_timeout: number } = { text: `SELECT pg_advisory_xact_lock${shared ? '_shared' : ''}(hashtextextended($1, 0))`, values: [name], query_timeout: millis + ANSWER_MS };
  try {
    await client.query(wait);
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === '55P03') return false;
    throw error;
  }
  await client.query('SET LOCAL lock_timeout = DEFAULT');
  return true;
}

/** Whether the lock is had, for itself alone, without waiting. */
async function tryLock(client: pg.ClientBase, name: string): Promise<boolean> {
  const { rows } = await client.query<{ had: boolean }>('SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS had', [name]);
  return rows[0]?.had === true;
}
