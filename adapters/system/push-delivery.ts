import { pushedBatch } from '../../domain/features/pushed-rows.ts';
import type { Clock } from '../../ports/clock.ts';
import type { FeatureRegistry } from '../../ports/feature-registry.ts';
import type { Log } from '../../ports/log.ts';
import type { OnlineStore } from '../../ports/online-store.ts';
import type { PushLog } from '../../ports/push-log.ts';

export interface PushDelivery {
  /** Rows that waited for the online store at the last look. */
  readonly pendingRows: number;
  /** Resolves when what is under way has ended. */
  stop(): Promise<void>;
}

export interface PushDeliveryOptions {
  readonly pushLog: PushLog;
  /** `storeOfDefined`, where the definitions may change meanwhile. */
  readonly onlineStore: Pick<OnlineStore, 'write'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Milliseconds between two looks. Default 2000. */
  readonly everyMs?: number;
}

/** Whoever recorded a push writes it online himself within this time, if nothing is wrong. */
const GRACE_SECONDS = 5;
/** How long a repeated push is recognised. */
const REMEMBERED_MICROS = 30 * 86_400 * 1_000_000;
const FORGET_EVERY_LOOKS = 1_800;

/**
 * The online store for rows that may have waited: they are taken where the registered view still has their keys, types and source. Others are refused for good, with the reason; what the
 * tables have of them comes by the next materialization.
 */
export function storeOfDefined({ featureRegistry, onlineStore }: { readonly featureRegistry: Pick<FeatureRegistry, 'whileDefined'>; readonly onlineStore: Pick<OnlineStore, 'write'> }): Pick<OnlineStore, 'write'> {
  return { write: (view, batch) => featureRegistry.whileDefined(view, () => onlineStore.write(view, batch)) };
}

/** Brings to the online store what was recorded and not written: after a crash, and when the store was away. Runs in every worker and API; they share the work. */
export function startPushDelivery({ pushLog, onlineStore, clock, log, everyMs = 2_000 }: PushDeliveryOptions): PushDelivery {
  let pendingRows = 0;
  let looks = 0;
  let isTroubled = false;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let isPrepared = false;
  let underWay = look();
  return {
    get pendingRows() {
      return pendingRows;
    },
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await underWay;
    },
  };

  async function look(): Promise<void> {
    await attempt(async () => {
      if (!isPrepared) await pushLog.prepare();
      isPrepared = true;
      while (!stopped && (await pushLog.deliver(GRACE_SECONDS, async (rows) => void (await onlineStore.write(rows.view, pushedBatch(rows))))) > 0) log.info('pushed rows delivered to the online store');
      pendingRows = await pushLog.pendingRows();
      if (looks++ % FORGET_EVERY_LOOKS === 0) await pushLog.forget(clock.now() - REMEMBERED_MICROS);
    });
    if (!stopped) timer = setTimeout(() => void (underWay = look()), everyMs).unref();
  }

  /** One warning when it begins, one word when it is over. */
  async function attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
      if (isTroubled) log.info('pushed rows can be delivered again');
      isTroubled = false;
    } catch (error) {
      if (!isTroubled) log.warn('pushed rows cannot be delivered now', { error: error instanceof Error ? error.message : String(error) });
      isTroubled = true;
    }
  }
}
