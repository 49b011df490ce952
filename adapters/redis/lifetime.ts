import { RENEWED_BELOW } from '../../domain/features/key-ttl.ts';

/** The lifetime as scripts take it: seconds that a key lives or -1 (no end), and the milliseconds left from which on it need not be renewed. */
export function lifetimeParameters(keyTtlSeconds: number | null): readonly [seconds: string, enoughMilliseconds: string] {
  return keyTtlSeconds === null ? ['-1', '-1'] : [String(keyTtlSeconds), String(Math.ceil(keyTtlSeconds * 1000 * RENEWED_BELOW))];
}
