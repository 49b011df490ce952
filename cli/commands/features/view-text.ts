import type { FeatureProjection } from '../../../domain/features/definitions.ts';
import { formatInstant } from '../../../domain/instant.ts';
import type { RegisteredView } from '../../../ports/feature-registry.ts';

export const ttlText = (seconds: number | null): string => (seconds === null ? 'none' : seconds % 86_400 === 0 ? `${seconds / 86_400} d` : seconds % 3600 === 0 ? `${seconds / 3600} h` : `${seconds} s`);

export function lastMaterialized(intervals: RegisteredView['materializationIntervals']): string {
  return intervals.length === 0 ? 'never' : formatInstant(Math.max(...intervals.map(({ endMicros }) => endMicros)));
}

/** `no` for a view that is not copied to the online store, `empty` for one that was never, else `yes`; a state in which Feast refuses to serve it is told. */
export function onlineText({ view, state, materializationIntervals }: RegisteredView): string {
  if (view.online === false) return 'no';
  if (state !== 'unspecified' && state !== 'available online') return `${state} (Feast does not serve it)`;
  return materializationIntervals.length === 0 ? 'empty' : 'yes';
}

/** `weather as dest_weather (origin from dest)`. */
export function projectionText({ view, alias, joinKeyMap }: FeatureProjection): string {
  const keys = Object.entries(joinKeyMap ?? {}).map(([key, column]) => `${key} from ${column}`);
  return `${view}${alias === undefined ? '' : ` as ${alias}`}${keys.length === 0 ? '' : ` (${keys.join(', ')})`}`;
}
