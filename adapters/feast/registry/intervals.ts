import type { Micros } from '../../../domain/instant.ts';

export interface Interval {
  readonly startMicros: Micros;
  readonly endMicros: Micros;
}

/**
 * The intervals with one more, joined with those that it touches or overlaps: a view that is materialized every hour keeps one that grows, where Feast's own writer appends
 * without end. Readers (Feast's and ours) look for the latest end. In the order of time; an interval that another covers changes nothing.
 */
export function joinInterval(intervals: readonly Interval[], added: Interval): readonly Interval[] {
  const touches = ({ startMicros, endMicros }: Interval): boolean => startMicros <= added.endMicros && endMicros >= added.startMicros;
  const joined = intervals.filter(touches).reduce<Interval>((whole, { startMicros, endMicros }) => ({ startMicros: Math.min(whole.startMicros, startMicros), endMicros: Math.max(whole.endMicros, endMicros) }), added);
  return [...intervals.filter((interval) => !touches(interval)), joined].sort((a, b) => a.startMicros - b.startMicros);
}
