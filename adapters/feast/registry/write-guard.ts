import { PipelineError } from '../../../domain/errors.ts';
import { reasonAgainstRows } from '../../../domain/features/online-effects.ts';
import type { FeatureViewSnapshot } from '../../../domain/features/snapshot.ts';
import type { WritersPatience } from '../../../ports/feature-registry.ts';
import type { Locks } from '../../../ports/locks.ts';
import { FEATURE_VIEWS } from './kinds.ts';
import { unregisteredView } from './unregistered-view.ts';
import type { RegistryStore } from './records.ts';
import { readSnapshot } from './view-message.ts';

/** How long a writer waits for a change of definitions before its caller has to try again. */
const WRITER_WAIT_MS = 30_000;

interface Guarded {
  readonly store: RegistryStore;
  readonly locks: Locks;
  readonly project: string;
}

/** Writers of a view share its lock, and look at the definition under it. */
export function whileDefined<T>(guarded: Guarded, view: FeatureViewSnapshot, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const refuse = (): Error => new PipelineError('UNAVAILABLE', `Feature view "${view.name}" is being changed: its online values are removed. Rows are taken again when that is done.`);
  return guarded.locks.hold([lockName(view.name)], { shared: true, millis: WRITER_WAIT_MS, refuse }, async (signal) => {
    await refuseOtherDefinition(guarded, view);
    return work(signal);
  });
}

export function withoutWriters<T>(locks: Locks, views: readonly string[], { mostMillis, onWait }: WritersPatience, work: () => Promise<T>): Promise<T> {
  if (views.length === 0) return work();
  const viewOf = new Map(views.map((view) => [lockName(view), view]));
  const refuse = (name: string): Error =>
    new PipelineError('CONFLICT', `Values of feature view "${viewOf.get(name)}" are being written, and were still after ${mostMillis / 1000} s; nothing was changed. Wait for its materialization, or cancel that, and run the command again; --timeout waits longer.`);
  return locks.hold([...viewOf.keys()], { millis: mostMillis, onWait: (name) => onWait(viewOf.get(name)!), refuse }, work);
}

function lockName(view: string): string {
  return `online writes ${view}`;
}

async function refuseOtherDefinition({ store, project }: Guarded, made: FeatureViewSnapshot): Promise<void> {
  const views = await store.read((records) => records.objects('feature view'));
  const bytes = views.get(made.name);
  if (bytes === undefined) throw unregisteredView(made.name, project, [...views.keys()]);
  const reason = reasonAgainstRows(made, readSnapshot(FEATURE_VIEWS.decode(bytes)));
  if (reason !== undefined) throw new PipelineError('CONFLICT', `Feature view "${made.name}" was changed since these rows were read or pushed (${reason}); they are not written online. Materialize it again: ml-pipeline materialize --views ${made.name}`);
}
