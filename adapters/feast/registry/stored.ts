import type { Micros } from '../../../domain/instant.ts';
import { forgetMarks, readMarks } from './marks.ts';
import { readOnDemandViews, writeOnDemandViews } from './on-demand.ts';
import { readOnlineRemovals, writeOnlineRemovals } from './online-removals.ts';
import type { RegistryPlan, StoredObjects } from './plan.ts';
import type { RegistryReader, RegistryRecords } from './records.ts';

export async function readStored(records: RegistryReader): Promise<StoredObjects> {
  const objects = {
    'data source': await records.objects('data source'),
    'feature view': await records.objects('feature view'),
    entity: await records.objects('entity'),
    'feature service': await records.objects('feature service'),
  };
  return { objects, otherViews: await records.otherViews(), onDemand: await readOnDemandViews(records), marks: await readMarks(records), versions: await records.newestVersions() };
}

/** Writes what the plan says; objects that it does not name are not touched. */
export async function writePlan(records: RegistryRecords, plan: RegistryPlan, now: Micros): Promise<void> {
  for (const object of plan.writes) await records.put(object, now);
  for (const version of plan.versions) await records.addVersion(version, now);
  for (const { kind, name } of plan.removals) await records.remove(kind, name);
  if (plan.forgottenMarks.length > 0) await forgetMarks(records, plan.forgottenMarks, now);
  if (plan.onDemand !== undefined) await writeOnDemandViews(records, plan.onDemand, now);
  if (plan.onlineRemovals.length > 0) await writeOnlineRemovals(records, [...(await readOnlineRemovals(records)), ...plan.onlineRemovals], now);
  if (plan.plan.changes.length > 0) await records.touchProject(now);
}
