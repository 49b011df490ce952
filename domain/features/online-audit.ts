import type { Micros } from '../instant.ts';
import { sameValue } from './canonical.ts';
import { isWithinAge, type SourceRow } from './point-in-time.ts';
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
}

export interface AuditInstants {
  /** Both sides are looked at from here. */
  readonly asOfMicros: Micros;
  /** To where the view is materialized; undefined: it never was. */
  readonly watermarkMicros: Micros | undefined;
}

/**
 * Compares what the stores have of an entity that is offline. `pending`: they differ, but the offline row came to be seen after the last materialization, or the online row is later
 * than the as-of instant; undefined: they serve the same.
 */
export function auditOffline(view: FeatureViewSnapshot, offline: SourceRow, online: StoredRow, { asOfMicros, watermarkMicros }: AuditInstants): EntityDifference | 'pending' | undefined {
  const features = differing(view, offline.values, online.values);
  const [event, stored] = [offline.eventTimestampMicros!, online.eventTimestampMicros];
  if (stored === event && features.length === 0) return undefined;
  if (stored === undefined && features.length === 0) return undefined; // all are null: nothing to serve either way
  const seenSince = Math.max(event, offline.createdTimestampMicros ?? event);
  if (watermarkMicros === undefined || seenSince > watermarkMicros || (stored ?? 0) > asOfMicros) return 'pending';
  const kind = stored === undefined ? 'missing' : stored < event ? 'stale' : stored === event ? 'different' : 'gone';
  return { kind, keys: offline.keys, offlineEventMicros: event, onlineEventMicros: stored ?? null, features };
}

/** Looks at an entity that the online store has and the offline one does not. */
export function auditOnline(view: FeatureViewSnapshot, keys: readonly FeatureValue[], online: StoredRow, { asOfMicros }: Pick<AuditInstants, 'asOfMicros'>): EntityDifference | undefined {
  const stored = online.eventTimestampMicros;
  const features = differing(view, view.features.map(() => null), online.values);
  if (stored === undefined || features.length === 0 || !isWithinAge(view.ttlSeconds, stored, asOfMicros)) return undefined;
  return { kind: 'extra', keys, offlineEventMicros: null, onlineEventMicros: stored, features };
}

function differing({ features }: FeatureViewSnapshot, offline: readonly FeatureValue[], online: readonly FeatureValue[]): FeatureDifference[] {
  return features.flatMap(({ name }, index) => {
    const [expected, found] = [offline[index] ?? null, online[index] ?? null];
    return sameValue(expected, found) ? [] : [{ feature: name, offline: expected, online: found }];
  });
}
