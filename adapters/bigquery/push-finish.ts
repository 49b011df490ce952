import { PipelineError } from '../../domain/errors.ts';
import type { PushedRows } from '../../domain/features/pushed-rows.ts';
import type { PushLedger } from '../../ports/push-ledger.ts';
import { carryOut, type CarryOptions } from './push-carry.ts';
import { readNote } from './push-notes.ts';
import { readPlan } from './push-plan-text.ts';
import type { TableStreams } from './push-streams.ts';

/** Batches that one process takes for delivery at a time. */
const DELIVERY_BATCHES = 20;
/** Unfinished pushes that one process takes over at a time: each may hold many rows. */
const TAKEN_OVER = 2;

/** Gives what waits to `write`, and settles it. What is refused for good is set aside; after any other error the rest waits on. */
export async function deliverDue(ledger: PushLedger, olderThanSeconds: number, write: (rows: PushedRows) => Promise<void>): Promise<number> {
  const notes = await ledger.takeDue(olderThanSeconds, DELIVERY_BATCHES);
  for (const [index, { id, body }] of notes.entries()) {
    try {
      await write(readNote(body));
    } catch (error) {
      if (!(error instanceof PipelineError) || error.retryable) {
        await ledger.giveBack(notes.slice(index).map((note) => note.id));
        throw error;
      }
      await ledger.setAside(id, error.message);
      continue;
    }
    await ledger.settle([id]);
  }
  return notes.length;
}

/** Finishes pushes whose process has gone, each for itself: one that cannot be finished keeps no other waiting. Resolves to their number; rejects with the first error when all were tried. */
export async function takeOver(ledger: PushLedger, streams: TableStreams, carry: Omit<CarryOptions, 'isTakenOver'>): Promise<number> {
  const stale = await ledger.takeStale(TAKEN_OVER);
  const errors: unknown[] = [];
  for (const { token, plan } of stale) {
    try {
      if (plan === undefined) await ledger.abandon(token);
      else await carryOut(ledger, streams, token, readPlan(plan), { ...carry, isTakenOver: true });
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
  return stale.length;
}
