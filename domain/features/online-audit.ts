import type { Micros } from '../instant.ts';
import { sameValue } from './canonical.ts';
import { isWithinAge, type SourceRow } from './point-in-time.ts';
import { isAhead } from './pushed-rows.ts';
import type { FeatureViewSnapshot } from './snapshot.ts';
import type { FeatureValue } from './value-types.ts';

/** How the online store differs from the offline one for an entity. */
export const DIFFERENCES = {
  /** Offline has a value to serve, online has none. */
  missing: 'missing online',
  /** Online has an older row than the newest one offline. */
  stale: 'stale online',
  /** Of one event timestamp, with other values. */
  different: 'different value',
  /** Online has a newer row than the newest one offline, which was deleted or never there. */
  gone: 'newer online, not offline',
  /** Online has a row of an event that has not happened yet: nothing is served until then, and no true value gets in. */
  ahead: 'online before its time',
  /** Online has a value to serve, offline has none. */
  extra: 'online, not offline',
} as const;

export type DifferenceKind = keyof typeof DIFFERENCES;

export interface FeatureDifference {
  readonly feature: string;
  readonly offline: FeatureValue;
  readonly online: FeatureValue;
}

export interface EntityDifference {
  readonly kind: DifferenceKind;
  readonly keys: readonly FeatureValue[];
  readonly offlineEventMicros: Micros | null;
  readonly onlineEventMicros: Micros | null;
  /** Features whose values differ; none when only the event timestamps do. */
  readonly features: readonly FeatureDifference[];
}

/** What the online store has of an entity. */
export interface StoredRow {
  readonly eventTimestampMicros: Micros | undefined;
  readonly values: readonly FeatureValue[];
  /** Since when the row is known; null: nobody can tell. */
  readonly createdTimestampMicros: Micros | null;
}

/** What a comparison finds; undefined: no difference. */
export type Look = EntityDifference | 'pending' | 'later' | undefined;

export interface AuditInstants {
  /** Both sides are looked at from here. */
  readonly asOfMicros: Micros;
  /** To where the view is materialized; undefined: it never was. */
  readonly watermarkMicros: Micros | undefined;
  /** When the online row was read. */
  readonly nowMicros: Micros;
}

/**
 * Compares what the stores have of an entity that is offline. `pending`: they differ, but the offline row came to be seen after the last materialization; `later`: the online row is of an
 * event after the as-of instant, or known only since then, so that it cannot be compared with what was offline at that instant; undefined: they serve the same.
 */
export function auditOffline(view: FeatureViewSnapshot, offline: SourceRow, online: StoredRow, { asOfMicros, watermarkMicros, nowMicros }: AuditInstants): Look {
  const features = differing(view, offline.values, online.values);
  const [event, stored] = [offline.eventTimestampMicros!, online.eventTimestampMicros];
  const difference = (kind: DifferenceKind): EntityDifference => ({ kind, keys: offline.keys, offlineEventMicros: event, onlineEventMicros: stored ?? null, features });
  if (stored === event && features.length === 0) return undefined;
  if (stored === undefined && features.length === 0) return undefined; // all are null: nothing to serve either way
  if (stored !== undefined && isAhead(stored, nowMicros)) return difference('ahead');
  if (isLater(online, asOfMicros)) return 'later';
  const seenSince = Math.max(event, offline.createdTimestampMicros ?? event);
  if (watermarkMicros === undefined || seenSince > watermarkMicros) return 'pending';
  return difference(stored === undefined ? 'missing' : stored < event ? 'stale' : stored === event ? 'different' : 'gone');
}

/** Looks at an entity that the online store has and the offline one does not. */
export function auditOnline(view: FeatureViewSnapshot, keys: readonly FeatureValue[], online: StoredRow, { asOfMicros, nowMicros }: Pick<AuditInstants, 'asOfMicros' | 'nowMicros'>): EntityDifference | undefined {
  const stored = online.eventTimestampMicros;
  if (stored === undefined) return undefined;
  const features = differing(view, view.features.map(() => null), online.values);
  const difference = (kind: DifferenceKind): EntityDifference => ({ kind, keys, offlineEventMicros: null, onlineEventMicros: stored, features });
  if (isAhead(stored, nowMicros)) return difference('ahead');
  return features.length === 0 || isLater(online, asOfMicros) || !isWithinAge(view.ttlSeconds, stored, asOfMicros) ? undefined : difference('extra');
}

/** Whether the row came after the look: what came with it offline was not asked for. */
function isLater({ eventTimestampMicros = -Infinity, createdTimestampMicros }: StoredRow, asOfMicros: Micros): boolean {
  return eventTimestampMicros > asOfMicros || (createdTimestampMicros !== null && createdTimestampMicros > asOfMicros);
}

function differing({ features }: FeatureViewSnapshot, offline: readonly FeatureValue[], online: readonly FeatureValue[]): FeatureDifference[] {
  return features.flatMap(({ name }, index) => {
    const [expected, found] = [offline[index] ?? null, online[index] ?? null];
    return sameValue(expected, found) ? [] : [{ feature: name, offline: expected, online: found }];
  });
}
