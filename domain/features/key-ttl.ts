import type { Problem } from '../errors.ts';

/** A key's lifetime is renewed where less than this share of it is left: renewing it at every touch costs as much as a small write. */
export const RENEWED_BELOW = 0.9;

/** A schedule that materializes views. */
export interface MaterializationSchedule {
  readonly name: string;
  /** The longest time between two of its runs, in seconds. */
  readonly longestGapSeconds: number;
}

/**
 * Schedules that run less often than the online store's keys live: each run renews the keys whose values still hold, so that a key which ends before the next run takes
 * values with it that should be served. `keyTtlSeconds`: null where keys do not end.
 */
export function keyTtlProblems(keyTtlSeconds: number | null, schedules: readonly MaterializationSchedule[]): Problem[] {
  if (keyTtlSeconds === null) return [];
  return schedules
    .filter(({ longestGapSeconds }) => keyTtlSeconds * RENEWED_BELOW <= longestGapSeconds)
    .map(({ name, longestGapSeconds }) => ({
      path: 'online_store.key_ttl_seconds',
      message: `Keys end after ${keyTtlSeconds} s, of which a run leaves ${Math.floor(keyTtlSeconds * RENEWED_BELOW)} s or more, but schedule "${name}" lets up to ${longestGapSeconds} s pass between two runs: values that still hold would vanish.`,
      cure: `Give keys more than ${Math.ceil(longestGapSeconds / RENEWED_BELOW)} s, with room for a run that is late, or run the schedule more often.`,
    }));
}
