import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { PipelineError } from '../../domain/errors.ts';
import type { Locks, LockWish } from '../../ports/locks.ts';
import type { RedisAddress } from './address.ts';
import { openRedis } from './connection.ts';
import { freeLease, type Lease, type LeasePlace, tryLease } from './lease.ts';
import type { RedisServers } from './servers.ts';

export interface RedisLocksOptions extends RedisAddress {
  /** Feast's project: locks of other projects are others. */
  readonly project: string;
  /** Milliseconds that a lease lasts without being renewed: so long others wait for a killed process. Default 15,000. */
  readonly leaseMs?: number;
}

const LEASE_MS = 15_000;
const POLL_MS = 100;

/**
 * Locks as leases in Redis, renewed while the work goes on. A lease that could not be renewed aborts its work before others can have it, by this process's own clock. What that cannot promise is in
 * docs/guarantees.md: a process that stands still for longer than a lease, and a failover to a replica that has not heard of the newest leases.
 */
export function createRedisLocks(options: RedisLocksOptions): Locks {
  const { project, leaseMs = LEASE_MS } = options;
  const servers = openRedis(options);
  const placeOf = (name: string, shared: boolean): LeasePlace => ({ servers, key: lockKey(project, name), lease: `${shared ? 's' : 'x'}${randomUUID()}`, millis: leaseMs });
  return {
    async hold(names, wish, work) {
      const end = performance.now() + wish.millis;
      const held: Lease[] = [];
      try {
        for (const name of [...new Set(names)].sort()) held.push(await waitForLease(placeOf(name, wish.shared === true), name, wish, end));
        const signal = AbortSignal.any(held.map(({ lost }) => lost));
        const result = await work(signal);
        signal.throwIfAborted();
        const wereThere = await explained(servers, () => Promise.all(held.splice(0).map((lease) => lease.free())));
        if (wereThere.includes(false)) throw new PipelineError('UNAVAILABLE', 'A lock in Redis was gone before its work was done: another process may have had it meanwhile. The same can be done again.');
        return result;
      } finally {
        // After an error: what cannot be freed ends by itself, and must not hide the error.
        await Promise.allSettled(held.map((lease) => lease.free()));
      }
    },
    close: () => servers.close(),
  };
}

/** Asks until the lease is had. Who gives up leaves the row of those who wait. */
async function waitForLease(place: LeasePlace, name: string, { onWait, refuse }: LockWish, end: number): Promise<Lease> {
  for (let isTold = false; ; isTold = true) {
    const lease = await explained(place.servers, () => tryLease(place));
    if (lease !== undefined) return lease;
    if (!isTold) onWait?.(name);
    if (performance.now() >= end) {
      await explained(place.servers, () => freeLease(place));
      throw refuse(name);
    }
    await sleep(POLL_MS * (0.5 + Math.random()));
  }
}

async function explained<T>(servers: RedisServers, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw servers.explain(error, 'take or free a lock');
  }
}

/** Ends like no key of an entity, which ends with the project's name. */
function lockKey(project: string, name: string): Buffer {
  return Buffer.from(`ml_pipeline lock {${project} ${name}}`);
}
