import type { FeatureViewSnapshot } from '../../../domain/features/snapshot.ts';
import type { Micros } from '../../../domain/instant.ts';
import type { RegistryReader, RegistryRecords } from './records.ts';

/** The note in which the views stand whose online values are still to be removed. */
const ONLINE_REMOVALS = 'ml_pipeline.online_removals';

/** Views, as they were, whose online values are still to be removed. */
export async function readOnlineRemovals(records: RegistryReader): Promise<readonly FeatureViewSnapshot[]> {
  const text = await records.note(ONLINE_REMOVALS);
  return text === undefined ? [] : (JSON.parse(text) as FeatureViewSnapshot[]);
}

export function writeOnlineRemovals(records: RegistryRecords, views: readonly FeatureViewSnapshot[], now: Micros): Promise<void> {
  return records.putNote(ONLINE_REMOVALS, views.length === 0 ? undefined : JSON.stringify(views), now);
}
