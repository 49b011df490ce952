import type { Problem } from '../errors.ts';

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
    .filter(({ longestGapSeconds }) => keyTtlSeconds <= longestGapSeconds)
    .map(({ name, longestGapSeconds }) => ({
      path: 'online_store.key_ttl_seconds',
      message: `Keys end after ${keyTtlSeconds} s, but schedule "${name}" lets up to ${longestGapSeconds} s pass between two runs: values that still hold would vanish.`,
      cure: `Give keys more than ${longestGapSeconds} s, with room for a run that is late, or run the schedule more often.`,
    }));
}
