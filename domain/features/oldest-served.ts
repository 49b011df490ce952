import { BEGINNING, MICROS_PER_SECOND, type Micros } from '../instant.ts';
import type { FeatureViewSnapshot } from './snapshot.ts';

/** The oldest event timestamp of a row that may be served as of the instant: one of the view's ttl, the edge inside; without ttl the beginning of time. */
export function oldestServed({ ttlSeconds }: Pick<FeatureViewSnapshot, 'ttlSeconds'>, asOfMicros: Micros): Micros {
  return ttlSeconds === null ? BEGINNING : Math.max(BEGINNING, asOfMicros - Math.round(ttlSeconds * MICROS_PER_SECOND));
}
