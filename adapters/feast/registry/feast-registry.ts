import { PipelineError } from '../../../domain/errors.ts';
import type { FeatureViewSnapshot } from '../../../domain/features/snapshot.ts';
import type { Micros } from '../../../domain/instant.ts';
import type { ApplyPlan, FeatureRegistry, RegistryContents } from '../../../ports/feature-registry.ts';
import type { Locks } from '../../../ports/locks.ts';
import { readContents } from './contents.ts';
import { addInterval } from './materialized.ts';
import { readOnlineRemovals, writeOnlineRemovals } from './online-removals.ts';
import { planRegistry } from './plan.ts';
import type { RegistryStore } from './records.ts';
import { readStored, writePlan } from './stored.ts';
import type { TableKind } from './table-kinds.ts';
import { whileDefined, withoutWriters } from './write-guard.ts';

export interface FeastRegistryParts {
  readonly store: RegistryStore;
  readonly locks: Locks;
  readonly project: string;
  /** Whose tables the views are of: what Feast reads them with. */
  readonly tables: TableKind;
}

/** How long others that remove values are waited for. */
const LOCK_MS = 30_000;

/** The rules of a registry, wherever its objects are kept. */
export function createFeastRegistry({ store, locks, project, tables }: FeastRegistryParts): Omit<FeatureRegistry, 'rebuildTable'> {
  const contents = async (): Promise<RegistryContents> => readContents(await store.read(readStored));
  return {
    plan: async (repository) => planRegistry(repository, { project, tables }, await store.read(readStored), now()).plan,
    apply: (repository, shown) =>
      store.change(async (records) => {
        const writtenAt = now();
        const plan = planRegistry(repository, { project, tables }, await readStored(records), writtenAt);
        if (shown !== undefined) refuseMore(plan.plan, shown);
        await writePlan(records, plan, writtenAt);
        return plan.plan;
      }),
    removeOnlineValues: (remove) => removeOnlineValues(store, locks, remove),
    whileDefined: (view, work) => whileDefined({ store, locks, project }, view, work),
    withoutWriters: (views, patience, work) => withoutWriters(locks, views, patience, work),
    contents,
    entities: async () => (await contents()).entities,
    featureViews: async () => (await contents()).views,
    featureServices: async () => (await contents()).featureServices,
    recordMaterialization: (view, startMicros, endMicros, materialized, mark) =>
      store.change((records) => addInterval(records, project, view, { startMicros, endMicros, materialized, mark }, now())),
    close: async () => void (await Promise.all([store.close(), locks.close()])),
  };
}

function now(): Micros {
  return Date.now() * 1000;
}

/** What was not shown is not agreed to. Less than was shown is: another process did it meanwhile. */
function refuseMore(plan: ApplyPlan, shown: ApplyPlan): void {
  const known = new Set([...shown.changes, ...shown.online].map((item) => JSON.stringify(item)));
  const more = [...plan.changes, ...plan.online].filter((item) => !known.has(JSON.stringify(item)));
  if (more.length > 0) throw new PipelineError('CONFLICT', 'The registry was changed meanwhile, so that more would change now than was shown; nothing was applied. Run the command again.');
}

/** The registry stays open for others meanwhile: removing takes a while. The list is read again at the end, since another `apply` may have added to it. */
async function removeOnlineValues(store: RegistryStore, locks: Locks, remove: (view: FeatureViewSnapshot) => Promise<unknown>): Promise<readonly string[]> {
  if ((await store.read(readOnlineRemovals)).length === 0) return [];
  const refuse = (): Error => new PipelineError('UNAVAILABLE', 'Another process is removing values from the online store. Try it again when it is done.');
  return locks.hold(['online values'], { millis: LOCK_MS, refuse }, async (signal) => {
    const views = await store.read(readOnlineRemovals);
    for (const view of views) {
      signal.throwIfAborted();
      await remove(view);
    }
    if (views.length === 0) return [];
    const done = new Set(views.map((view) => JSON.stringify(view)));
    await store.change(async (records) => writeOnlineRemovals(records, (await readOnlineRemovals(records)).filter((view) => !done.has(JSON.stringify(view))), now()));
    return views.map(({ name }) => name);
  });
}
