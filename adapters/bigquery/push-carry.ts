import { PipelineError } from '../../domain/errors.ts';
import type { PushLedger } from '../../ports/push-ledger.ts';
import { AppendFailure, asAppendError, asOwedError } from './push-errors.ts';
import { movedPlan, writePlan, type PushPlan } from './push-plan.ts';
import type { TableStreams } from './push-streams.ts';

export interface CarryOptions {
  /** Milliseconds that all of the plan's requests may take together; shorter than the ledger's lease. */
  readonly appendMs: number;
  /** Somebody else began with the plan: his rows may be in. */
  readonly isTakenOver: boolean;
}

/** How often a table's rows go to another stream before the plan waits. */
const MOVES = 2;

/**
 * Appends what a noted plan holds and confirms it. The plan names the place of each row before it is sent, so that a request that is repeated, by this process or another, adds nothing. Where nothing can have been appended the plan is
 * abandoned, and the error says why; otherwise the plan stays, and UNAVAILABLE says so.
 */
export async function carryOut(ledger: PushLedger, streams: TableStreams, token: string, noted: PushPlan, { appendMs, isTakenOver }: CarryOptions): Promise<void> {
  const deadline = Date.now() + appendMs;
  let plan = noted;
  for (let index = 0, moves = 0; index < plan.tables.length; ) {
    const table = plan.tables[index]!;
    try {
      await streams.append(table, deadline);
      index++;
    } catch (error) {
      streams.drop(table.path);
      if (!(error instanceof AppendFailure)) throw error;
      if (error.isStreamGone && moves++ < MOVES) {
        plan = movedPlan(plan, index, error.doneParts, await streams.next(table.path).catch((cause: unknown) => fail(cause, index, error)));
        if (!(await ledger.plan(token, writePlan(plan)))) throw asOwedError(error, table.table);
        continue;
      }
      await fail(error, index, error);
    }
  }
  try {
    await ledger.confirm(token, plan.said);
  } catch (error) {
    for (const { path } of plan.tables) streams.drop(path); // whoever takes the plan over sends it to the same places: nothing of ours comes after them
    throw error;
  }

  async function fail(cause: unknown, index: number, { doneParts, isUncertain, rowErrors }: AppendFailure): Promise<never> {
    const table = plan.tables[index]!;
    const mayBeIn = index > 0 || doneParts > 0 || isUncertain || (isTakenOver && rowErrors.length === 0);
    const said = asAppendError(cause, table, columnsOf(table.descriptor));
    if (mayBeIn || (said instanceof PipelineError && said.retryable)) throw asOwedError(said, table.table);
    await ledger.abandon(token);
    throw said;
  }
}

function columnsOf(descriptor: Readonly<Record<string, unknown>>): string[] {
  return ((descriptor['field'] ?? []) as readonly { readonly name: string }[]).map(({ name }) => name);
}
