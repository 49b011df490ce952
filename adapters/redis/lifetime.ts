import { RENEWED_BELOW } from '../../domain/features/key-ttl.ts';
import { MICROS_PER_SECOND } from '../../domain/instant.ts';
import type { Micros } from '../../domain/instant.ts';

/** Whether keys that were written at the instant still have time enough at the later one. */
export function isRecent(writtenMicros: Micros, asOfMicros: Micros, keyTtlSeconds: number | null): boolean {
  return keyTtlSeconds === null || asOfMicros - writtenMicros <= keyTtlSeconds * (1 - RENEWED_BELOW) * MICROS_PER_SECOND;
}

/** The lifetime as scripts take it: seconds that a key lives or -1 (no end), and the milliseconds left from which on it need not be renewed. */
export function lifetimeParameters(keyTtlSeconds: number | null): readonly [seconds: string, enoughMilliseconds: string] {
  return keyTtlSeconds === null ? ['-1', '-1'] : [String(keyTtlSeconds), String(Math.ceil(keyTtlSeconds * 1000 * RENEWED_BELOW))];
}
