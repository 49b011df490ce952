import type pg from 'pg';
import { PipelineError } from '../../../domain/errors.ts';
import { reasonAgainstRows } from '../../../domain/features/online-effects.ts';
import type { FeatureViewSnapshot } from '../../../domain/features/snapshot.ts';
import type { WritersPatience } from '../../../ports/feature-registry.ts';
import { inTransaction, whileConnected } from '../../postgres/pool.ts';
import { FEATURE_VIEWS } from './kinds.ts';
import { takeLock, tryLock } from './locks.ts';
import { missingView } from './missing-view.ts';
import { readObjects, type RegistryRows } from './rows.ts';
import { readSnapshot } from './view-message.ts';

/** How long a writer waits for a change of definitions before its caller has to try again. */
const WRITER_WAIT_MS = 30_000;

type Place = Pick<RegistryRows, 'schema' | 'project'>;

/** Writers of a view share its lock, and look at the definition under it. */
export function whileDefined<T>(pool: pg.Pool, place: Place, view: FeatureViewSnapshot, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  return inTransaction(pool, async (client) => {
    const isFree = await takeLock(client, lockName(place, view.name), { shared: true, millis: WRITER_WAIT_MS });
    if (!isFree) throw new PipelineError('UNAVAILABLE', `Feature view "${view.name}" is being changed: its online values are removed. Rows are taken again when that is done.`);
    await refuseOtherDefinition({ client, ...place }, view);
    return whileConnected(client, work);
  });
}

/** Takes the locks in one order, so that two callers never wait for each other in a circle. */
export function withoutWriters<T>(pool: pg.Pool, place: Place, views: readonly string[], { mostMillis, onWait }: WritersPatience, work: () => Promise<T>): Promise<T> {
  if (views.length === 0) return work();
  return inTransaction(pool, async (client) => {
    const end = Date.now() + mostMillis;
    for (const view of [...new Set(views)].sort()) {
      const name = lockName(place, view);
      if (await tryLock(client, name)) continue;
      onWait(view);
      if (!(await takeLock(client, name, { millis: end - Date.now() }))) {
        throw new PipelineError('CONFLICT', `Values of feature view "${view}" are being written, and were still after ${mostMillis / 1000} s; nothing was changed. Wait for its materialization, or cancel that, and run the command again; --timeout waits longer.`);
      }
    }
    return work();
  });
}

function lockName({ schema, project }: Place, view: string): string {
  return `feast online writes ${schema} ${project} ${view}`;
}

async function refuseOtherDefinition(rows: RegistryRows, made: FeatureViewSnapshot): Promise<void> {
  const views = await readObjects(rows, 'feature view');
  const bytes = views.get(made.name);
  if (bytes === undefined) throw missingView(made.name, rows.project, [...views.keys()]);
  const reason = reasonAgainstRows(made, readSnapshot(FEATURE_VIEWS.decode(bytes)));
  if (reason !== undefined) throw new PipelineError('CONFLICT', `Feature view "${made.name}" was changed since these rows were read or pushed (${reason}); they are not written online. Materialize it again: ml-pipeline materialize --views ${made.name}`);
}
