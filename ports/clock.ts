import type { Micros } from '../domain/instant.ts';

/** What time it is: the as-of instant of reads that name none. Tests, audits and replays give another. */
export interface Clock {
  now(): Micros;
}
