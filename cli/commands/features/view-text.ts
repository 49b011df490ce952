import { formatInstant } from '../../../domain/instant.ts';
import type { RegisteredView } from '../../../ports/feature-registry.ts';

export const ttlText = (seconds: number | null): string => (seconds === null ? 'none' : seconds % 86_400 === 0 ? `${seconds / 86_400} d` : seconds % 3600 === 0 ? `${seconds / 3600} h` : `${seconds} s`);

export function lastMaterialized(intervals: RegisteredView['materializationIntervals']): string {
  return intervals.length === 0 ? 'never' : formatInstant(Math.max(...intervals.map(({ endMicros }) => endMicros)));
}
