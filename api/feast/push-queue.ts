import { PipelineError } from '../../domain/errors.ts';
import { pushedBatch, type PushedRow, type PushedRows } from '../../domain/features/pushed-rows.ts';
import type { FeatureViewSnapshot } from '../../domain/features/snapshot.ts';
import type { Log } from '../../ports/log.ts';
import type { OnlineStore } from '../../ports/online-store.ts';
import type { Push, PushLog, RecordedPush } from '../../ports/push-log.ts';
import { within } from '../within.ts';
import { exceptionText, feastError } from './faults.ts';

/** `written`: in every store that was asked for. `recorded`: kept for good, and given to the online store as soon as that answers, and as soon as its events have happened. */
export type PushOutcome = 'written' | 'recorded';

export interface PushQueue {
  /** Rows that are waiting or under way. */
  readonly rows: number;
  submit(push: Push): Promise<PushOutcome>;
}

export interface PushQueueOptions {
  readonly pushLog: Pick<PushLog, 'record' | 'settle'>;
  readonly onlineStore: Pick<OnlineStore, 'write'>;
  readonly log: Log;
  /** Rows that are recorded and wait for the online store. */
  readonly pendingRows?: () => number;
  /** Rows that may wait or be under way; a push beyond is refused with 429. Default 200,000. */
  readonly mostRows?: number;
  /** Milliseconds after which a push that is not recorded is answered 503. Default 10,000. */
  readonly recordMs?: number;
}

interface Waiting {
  readonly push: Push;
  readonly rowCount: number;
  readonly done: (outcome: PushOutcome) => void;
  readonly failed: (error: unknown) => void;
}

/** Rows that may wait for an online store that is away: a list that only grows helps nobody. */
const MOST_PENDING = 1_000_000;
/** Rows of one transaction. */
const GROUP_ROWS = 5_000;

/** Records pushes in groups: what arrives while a transaction is under way goes into the next one together. */
export function createPushQueue({ pushLog, onlineStore, log, pendingRows = () => 0, mostRows = 200_000, recordMs = 10_000 }: PushQueueOptions): PushQueue {
  let waiting: Waiting[] = [];
  let rows = 0;
  let isRecording = false;

  return {
    get rows() {
      return rows;
    },
    submit: (push) => {
      const rowCount = push.views.reduce((sum, view) => sum + view.rows.length, 0);
      if (rows > 0 && rows + rowCount > mostRows) return Promise.reject(exceptionText(`${rows} pushed rows are waiting to be written; nothing of this push was written. Send it again.`, 429, 1));
      if (push.online && pendingRows() > MOST_PENDING) return Promise.reject(feastError(503, 'FeastError', `${pendingRows()} pushed rows are waiting for the online store; nothing of this push was written. Send it again later.`, 5));
      rows += rowCount;
      const outcome = new Promise<PushOutcome>((done, failed) => waiting.push({ push, rowCount, done, failed }));
      if (!isRecording) void recordAll();
      return outcome.finally(() => (rows -= rowCount));
    },
  };

  async function recordAll(): Promise<void> {
    isRecording = true;
    while (waiting.length > 0) await recordGroup(takeGroup());
    isRecording = false;
  }

  function takeGroup(): Waiting[] {
    let taken = 0;
    let count = 0;
    while (count < waiting.length && (count === 0 || taken + waiting[count]!.rowCount <= GROUP_ROWS)) taken += waiting[count++]!.rowCount;
    const group = waiting.slice(0, count);
    waiting = waiting.slice(count);
    return group;
  }

  /** A push that the tables refuse fails alone: the others of its group are recorded without it. */
  async function recordGroup(group: readonly Waiting[]): Promise<void> {
    try {
      const recorded = await within(recordMs, pushLog.record(group.map(({ push }) => push)), tooLate);
      void finish(group, recorded);
    } catch (error) {
      const isTransient = error instanceof PipelineError && error.retryable;
      if (group.length === 1 || isTransient) for (const { failed } of group) failed(asFault(error));
      else for (const one of group) await recordGroup([one]);
    }
  }

  async function finish(group: readonly Waiting[], recorded: readonly RecordedPush[]): Promise<void> {
    const tickets = recorded.flatMap((one) => one.tickets);
    const problem = await writeOnline(recorded.flatMap(({ views }) => views)).then(() => undefined, (error: unknown) => error ?? new Error('unknown'));
    group.forEach((waiter, index) => answer(waiter, recorded[index]!, problem));
    if (problem !== undefined) return log.warn('pushed rows wait for the online store', { pushes: recorded.filter(({ views }) => views.length > 0).length, error: problem instanceof Error ? problem.message : String(problem) });
    // Rows that stay listed are written again later, which changes nothing.
    if (tickets.length > 0) await pushLog.settle(tickets).catch((error: unknown) => log.warn('pushed rows not settled', { error: String(error) }));
  }

  async function writeOnline(views: readonly PushedRows[]): Promise<void> {
    const rowsOf = new Map<FeatureViewSnapshot, PushedRow[]>();
    for (const { view, rows: more } of views) {
      const there = rowsOf.get(view);
      if (there === undefined) rowsOf.set(view, [...more]);
      else for (const row of more) there.push(row);
    }
    for (const [view, viewRows] of rowsOf) await onlineStore.write(view, pushedBatch({ view, rows: viewRows }));
  }
}

/** Tells a caller what became of his push, which is recorded; `problem`: why what was to be online at once is not. */
function answer({ done, failed }: Waiting, { views, heldRows }: RecordedPush, problem: unknown): void {
  if (problem === undefined || views.length === 0) done(heldRows === 0 ? 'written' : 'recorded');
  else if (problem instanceof PipelineError && problem.retryable) done('recorded');
  else failed(asFault(problem));
}

/** What the tables refuse is the caller's to mend, and nothing to try again as it is. */
function asFault(error: unknown): unknown {
  if (!(error instanceof PipelineError) || (error.code !== 'CONFLICT' && error.code !== 'INVALID_DATA')) return error;
  return feastError(error.code === 'CONFLICT' ? 409 : 422, 'FeastError', error.message);
}

/** Recording goes on: what is recorded then is recorded once, however often the push is sent again. */
function tooLate(): PipelineError {
  return new PipelineError('UNAVAILABLE', 'The log of pushes takes too long to record a push.');
}
