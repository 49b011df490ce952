import { PipelineError } from '../../domain/errors.ts';
import type { PushLedger } from '../../ports/push-ledger.ts';
import type { BigQuerySettings } from './connection.ts';
import { AppendFailure, asAppendError, asOwedError, endedError, STATUS, type TableRefusal } from './push-errors.ts';
import { placed, saidBy, unplaced, withoutTable, type PlannedTable, type PushPlan } from './push-plan.ts';
import { writePlan } from './push-plan-text.ts';
import type { TableStreams } from './push-streams.ts';

export interface CarryOptions {
  /** Milliseconds that all of the plan's requests may take together; shorter than the ledger's lease. */
  readonly appendMs: number;
  /** Somebody else began with the plan: his rows may be in. */
  readonly isTakenOver: boolean;
  /** Milliseconds after which a table that refuses rows is believed, although an earlier request, to which nobody heard the answer, may have brought them. */
  readonly doubtMs: number;
  readonly settings: Pick<BigQuerySettings, 'project' | 'location'>;
}

/** How often a table's rows go to another stream before the plan waits. */
const MOVES = 2;

/** A plan on its way. */
interface Carriage extends CarryOptions {
  readonly ledger: PushLedger;
  readonly token: string;
  readonly refusals: TableRefusal[];
  plan: PushPlan;
  /** Whether any row may be in. */
  isSomethingIn: boolean;
  /** Whether rows of the table in turn may be in. */
  isDoubtful: boolean;
}

/**
 * Appends what a noted plan holds and confirms it. The plan names the place of each row before it is sent, so that a request that is repeated, by this process or another, adds nothing. What BigQuery cannot take now stays noted, and
 * UNAVAILABLE says so. What a table refuses for good ends: the plan is abandoned where nothing of it is in; else the other tables get their rows, which count from then on, and the error says which tables have them and which do not.
 */
export async function carryOut(ledger: PushLedger, streams: TableStreams, token: string, noted: PushPlan, options: CarryOptions): Promise<void> {
  const deadline = Date.now() + options.appendMs;
  const carriage: Carriage = { ...options, ledger, token, refusals: [], plan: noted, isSomethingIn: options.isTakenOver, isDoubtful: options.isTakenOver };
  for (let index = 0, moves = 0; index < carriage.plan.tables.length; ) {
    const table = carriage.plan.tables[index]!;
    try {
      if (table.place === null) await note(carriage, placed(carriage.plan, index, await streams.next(table.path)));
      else {
        await streams.append({ ...table, ...table.place }, deadline);
        index++;
        Object.assign(carriage, { isSomethingIn: true, isDoubtful: options.isTakenOver });
      }
    } catch (error) {
      streams.drop(table.path);
      const failure = failureOf(error, table, options);
      carriage.isSomethingIn ||= failure.doneParts > 0;
      carriage.isDoubtful = failure.rowErrors.length === 0 && (carriage.isDoubtful || failure.isUncertain);
      if (failure.isStreamGone && moves++ < MOVES) carriage.plan = unplaced(carriage.plan, index, failure.doneParts);
      else await refuse(carriage, failure, index);
    }
  }
  try {
    await ledger.confirm(token, saidBy(carriage.plan));
  } catch (error) {
    for (const { path } of noted.tables) streams.drop(path); // whoever takes the plan over sends it to the same places: nothing of ours comes after them
    throw error;
  }
  if (carriage.refusals.length > 0) throw endedError(carriage.refusals, carriage.plan.tables.map(({ table }) => table));
}

/** Goes on without the table; an error where the plan waits, or ends as a whole. */
async function refuse(carriage: Carriage, failure: AppendFailure, index: number): Promise<void> {
  const { plan, isSomethingIn, settings } = carriage;
  const table = plan.tables[index]!;
  const rows = table.lines.map((line) => plan.lines[line]?.row ?? line);
  const error = asAppendError(failure, { ...table, rows }, settings, columnsOf(table.descriptor)) as PipelineError;
  const isNoTable = failure.code === STATUS.UNAUTHENTICATED; // this process' credentials: others may do better
  const mayBeIn = carriage.isDoubtful && Date.now() < plan.notedAtMs + carriage.doubtMs;
  if (error.retryable || mayBeIn || (isNoTable && isSomethingIn)) throw asOwedError(error, table.table);
  const refusal = { table: table.table, isInPart: failure.doneParts > 0, error };
  if (!isSomethingIn) {
    await carriage.ledger.abandon(carriage.token);
    throw endedError([refusal], []);
  }
  await note(carriage, withoutTable(plan, index, failure.doneParts));
  carriage.refusals.push(refusal);
  carriage.isDoubtful = carriage.isTakenOver;
}

/** Keeps what the plan is from now on, before anything of it is sent. */
async function note(carriage: Carriage, plan: PushPlan): Promise<void> {
  if (!(await carriage.ledger.plan(carriage.token, writePlan(plan)))) throw asOwedError(new Error('Another process goes on with it.'), carriage.plan.tables[0]!.table);
  carriage.plan = plan;
}

/** An answer of the service's; anything else ends the attempt, with the plan noted. */
function failureOf(error: unknown, table: PlannedTable, { settings }: CarryOptions): AppendFailure {
  if (error instanceof AppendFailure) return error;
  if (error instanceof PipelineError || typeof (error as { readonly code?: unknown }).code !== 'number') throw asOwedError(asAppendError(error, table, settings), table.table);
  return new AppendFailure(error, { doneParts: 0, wasUncertain: false });
}

function columnsOf(descriptor: Readonly<Record<string, unknown>>): string[] {
  return ((descriptor['field'] ?? []) as readonly { readonly name: string }[]).map(({ name }) => name);
}
