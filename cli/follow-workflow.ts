import { setMaxListeners } from 'node:events';
import { WorkflowFailedError, type Client, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, TerminatedFailure } from '@temporalio/common';
import { deepestCause } from '../temporal/deepest-cause.ts';
import { progressQuery, type Progress } from '../temporal/progress.ts';
import { EXIT, exitCodeOf, type ExitCode } from './exit-codes.ts';
import type { Output } from './output.ts';
import { progressLines, newlyEnded } from './progress-view.ts';
import { toldAway } from './temporal-away.ts';

export type Followed<T> = { readonly result: T } | { readonly exitCode: ExitCode };

/** How often the workflow is asked where it stands. */
const POLL_MS = 500;
/** A question that no worker answers within this time is given up: the next one comes soon. */
const QUERY_MS = 2_000;

/**
 * Shows a workflow's steps until it ends. Ctrl-C only stops the looking: the workflow goes on, and how to come back is said.
 * `workerHere`: the worker that serves it runs in this process, so that the workflow then waits for another.
 */
export async function followWorkflow<T>(client: Client, workflowId: string, output: Output, workerHere: boolean): Promise<Followed<T>> {
  const handle = client.workflow.getHandle(workflowId);
  let detach: () => void = () => undefined;
  const detached = new Promise<'detached'>((resolve) => {
    detach = () => resolve('detached');
  });
  process.once('SIGINT', detach);
  const letGo = new AbortController();
  setMaxListeners(0, letGo.signal); // each of the calls that wait for the end adds one, about one a minute
  const watching = watchProgress(client, handle, output);
  try {
    const result = client.withAbortSignal(letGo.signal, () => handle.result()) as Promise<T>;
    const outcome = await Promise.race([result.then((value) => ({ value })), detached]);
    if (outcome === 'detached') {
      const said = sayDetached(workflowId, output, workerHere);
      // Calls that are left open would be tried again when the connection has been closed, which throws where nobody catches it.
      letGo.abort();
      await Promise.allSettled([result, watching.leave()]);
      return said;
    }
    await watching.finish();
    return { result: outcome.value };
  } catch (error) {
    await watching.finish();
    return { exitCode: reportFailure(error, workflowId, output) };
  } finally {
    process.removeListener('SIGINT', detach);
  }
}

function sayDetached(workflowId: string, output: Output, workerHere: boolean): { readonly exitCode: ExitCode } {
  const state = workerHere ? 'waits for a worker, since this command ran the only one (start one with: ml-pipeline worker)' : 'goes on';
  output.result({ workflow_id: workflowId, detached: true }, []);
  const below = output.interactive ? '\n' : ''; // the terminal has just written ^C
  output.note(`${below}Detached: ${workflowId} ${state}.\nCome back with: ml-pipeline attach ${workflowId}\nStop it with: ml-pipeline cancel ${workflowId}`);
  return { exitCode: EXIT.interrupted };
}

interface Watching {
  /** Looks a last time, and lets the lines stay. */
  finish(): Promise<void>;
  /** Looks no more; resolves when no question is open. */
  leave(): Promise<void>;
}

function watchProgress(client: Client, handle: WorkflowHandle, output: Output): Watching {
  let shown: Progress = { steps: [] };
  let ended = false;
  let looking: Promise<void> | undefined;
  let question = new AbortController();
  const look = async (): Promise<void> => {
    question = new AbortController();
    const progress = await client.withAbortSignal(question.signal, () => client.withDeadline(Date.now() + QUERY_MS, () => handle.query(progressQuery))).catch(() => undefined);
    if (progress === undefined || ended) return;
    for (const line of output.interactive ? [] : newlyEnded(shown, progress)) output.note(line);
    output.redraw(progressLines(progress, Date.now()));
    shown = progress;
  };
  const lookAgain = (): void => {
    looking ??= look().finally(() => {
      looking = undefined;
    });
  };
  lookAgain();
  const timer = setInterval(lookAgain, POLL_MS);
  const leave = async (): Promise<void> => {
    clearInterval(timer);
    ended = true;
    output.settle();
    question.abort();
    await looking;
  };
  return {
    finish: async () => {
      clearInterval(timer);
      await looking;
      await look();
      await leave();
    },
    leave,
  };
}

function reportFailure(error: unknown, workflowId: string, output: Output): ExitCode {
  if (!(error instanceof WorkflowFailedError)) throw toldAway(error, `Temporal does not answer any more. ${workflowId} goes on when it is back; look with: ml-pipeline attach ${workflowId}`);
  const cause = deepestCause(error);
  const code = cause instanceof ApplicationFailure ? (cause.type ?? undefined) : undefined;
  const message = cause instanceof CancelledFailure ? 'It was cancelled.' : cause instanceof TerminatedFailure ? 'It was terminated.' : cause instanceof Error ? cause.message : String(cause);
  output.result({ workflow_id: workflowId, error: { code: code ?? null, message, problems: cause instanceof ApplicationFailure ? (cause.details?.[0] ?? []) : [] } }, []);
  output.note(`${workflowId} failed${code === undefined ? '' : ` (${code})`}: ${message}`);
  return cause instanceof CancelledFailure ? EXIT.interrupted : exitCodeOf(code);
}
