import { PipelineError } from '../../domain/errors.ts';
import { FREE_SCRIPT, RENEW_LEASE_SCRIPT, TAKE_SCRIPT } from './lock-scripts.ts';
import { runScript, type Script } from './script.ts';
import type { RedisServers } from './servers.ts';

/** Part of the lease after which it is renewed, and after which it counts as lost where that did not succeed: before the server gives it to others. */
const RENEW_AFTER = 1 / 4;
const LOST_AFTER = 3 / 4;

export interface LeasePlace {
  readonly servers: RedisServers;
  readonly key: Buffer;
  /** The member of the lock: lock-scripts.ts. */
  readonly lease: string;
  readonly millis: number;
}

/** A lease that is had, and renewed until it is freed. */
export interface Lease {
  /** Aborted when it could not be renewed in time, or was gone: others may have it. */
  readonly lost: AbortSignal;
  /** Whether it was there still. */
  free(): Promise<boolean>;
}

/** Whether it is had; one to be alone has its place in the row then, which the next call within the lease's time keeps. */
export async function tryLease(place: LeasePlace): Promise<Lease | undefined> {
  const asked = performance.now();
  const isHad = await place.servers.replicated(() => callScript(place, TAKE_SCRIPT, [place.lease, String(place.millis)]));
  return isHad === 1 ? keepLease(place, asked) : undefined;
}

export async function freeLease(place: LeasePlace): Promise<boolean> {
  return (await callScript(place, FREE_SCRIPT, [place.lease])) === 1;
}

function callScript({ servers, key }: LeasePlace, script: Script, parameters: readonly string[]): Promise<number> {
  return runScript(servers, script, [{ keys: [key], parameters }]);
}

/** By this process's own clock, from before the question: the server's lease ends later. */
function keepLease(place: LeasePlace, askedFirst: number): Lease {
  const { millis, lease } = place;
  const lost = new AbortController();
  let reason = 'it was not answered in time';
  const lose = (): void => {
    stop();
    lost.abort(new PipelineError('UNAVAILABLE', `A lock in Redis could not be kept (${reason}): another process may have it by now. What was not written yet is not; the same can be done again.`));
  };
  let deadline = setTimeout(lose, askedFirst + millis * LOST_AFTER - performance.now());
  const stop = (): void => {
    clearTimeout(deadline);
    clearInterval(renewal);
  };
  const renew = async (): Promise<void> => {
    const asked = performance.now();
    const isThere = await callScript(place, RENEW_LEASE_SCRIPT, [lease, String(millis)]);
    if (lost.signal.aborted || isFreed) return;
    if (isThere !== 1) {
      reason = 'Redis does not know it any more';
      return lose();
    }
    clearTimeout(deadline);
    deadline = setTimeout(lose, asked + millis * LOST_AFTER - performance.now());
  };
  let isFreed = false;
  const renewal = setInterval(() => void renew().catch((error: unknown) => (reason = place.servers.explain(error, 'keep a lock').message)), millis * RENEW_AFTER);
  return {
    lost: lost.signal,
    free: () => {
      isFreed = true;
      stop();
      return freeLease(place);
    },
  };
}
