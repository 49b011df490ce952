import { pushedBatch } from '../../domain/features/pushed-rows.ts';
import type { Clock } from '../../ports/clock.ts';
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

/** Brings to the online store what was recorded and not written: after a crash, and when the store was away. Runs in every worker and API; they share the work. */
export function startPushDelivery({ pushLog, onlineStore, clock, log, everyMs = 2_000 }: PushDeliveryOptions): PushDelivery {
  let pendingRows = 0;
  let looks = 0;
  let isTroubled = false;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let underWay = prepareThenLook();
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

  async function prepareThenLook(): Promise<void> {
    await attempt(() => pushLog.prepare());
    await look();
  }

  async function look(): Promise<void> {
    await attempt(async () => {
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
