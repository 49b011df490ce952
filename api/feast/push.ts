import type { FeatureViewSnapshot } from '../../domain/features/snapshot.ts';
import { pushedBatch } from '../../domain/features/pushed-rows.ts';
import type { Clock } from '../../ports/clock.ts';
import type { OnlineStore } from '../../ports/online-store.ts';
import type { Definitions } from './definitions.ts';
import { exceptionText, feastError, pythonRepr } from './faults.ts';
import { readPushedRows } from './push-rows.ts';
import type { PushOutcome, PushQueue } from './push-queue.ts';
import { didYouMean } from './read-plan.ts';
import type { PushBody, WriteBody } from './requests.ts';

export interface PushDependencies {
  readonly onlineStore: Pick<OnlineStore, 'write'>;
  readonly queue: PushQueue;
  readonly clock: Clock;
}

/** Where a push may go, in Feast's words. */
const TARGETS = ['online', 'offline', 'online_and_offline'];

/**
 * Takes the rows of a push to where they are to go; a bad row, and nothing of it is written. Offline rows are recorded in the warehouse first, with what is to be written
 * online (docs/adr/0017-push-log.md); what is not yet true waits there. Rows for the online store alone go straight there: an answer then means that the store has them.
 */
export async function push(definitions: Definitions, { onlineStore, queue, clock }: PushDependencies, body: PushBody): Promise<PushOutcome> {
  if (!TARGETS.includes(body.to)) throw exceptionText(`${body.to} is not a supported push format. Please specify one of these [${TARGETS.map(pythonRepr).join(', ')}].`);
  const views = definitions.pushSources.get(body.push_source_name);
  if (views === undefined) throw feastError(422, 'PushSourceNotFoundException', `Unable to find push source '${body.push_source_name}'.${didYouMean(body.push_source_name, definitions.pushSources.keys()).replace(/^\./, '')}`);
  const offline = body.to !== 'online';
  const now = clock.now();
  const pushed = readPushedRows(views, body.df, { now, refuseUnknown: offline, refuseAhead: !offline, refuseZero: offline });
  if (pushed[0]?.rows.length === 0) return 'written';
  if (offline) return queue.submit({ receivedMicros: now, views: pushed, online: body.to === 'online_and_offline' });
  for (const rows of pushed) await onlineStore.write(rows.view, pushedBatch(rows));
  return 'written';
}

/** Writes rows of one view to the online store: what Feast's remote clients send when they push or materialize. */
export async function writeToOnlineStore(definitions: Definitions, { onlineStore, clock }: PushDependencies, body: WriteBody): Promise<void> {
  const view: FeatureViewSnapshot | undefined = definitions.views.get(body.feature_view_name);
  if (view === undefined) {
    const { project, views } = definitions;
    throw feastError(404, 'FeatureViewNotFoundException', `Feature view ${body.feature_view_name} does not exist in project ${project}${didYouMean(body.feature_view_name, views.keys())}`);
  }
  const [rows] = readPushedRows([view], body.df, { now: clock.now(), refuseUnknown: false, refuseAhead: true, refuseZero: false });
  if (rows !== undefined && rows.rows.length > 0) await onlineStore.write(view, pushedBatch(rows));
}
