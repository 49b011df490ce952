import { WorkflowFailedError, type Client, type WorkflowHandle } from '@temporalio/client';
import { ActivityFailure, ApplicationFailure, CancelledFailure, TerminatedFailure } from '@temporalio/common';
import { progressQuery, type Progress } from '../temporal/progress.ts';
import { EXIT, exitCodeOf, type ExitCode } from './exit-codes.ts';
import type { Output } from './output.ts';
import { progressLines, newlyEnded } from './progress-view.ts';

export type Followed<T> = { readonly result: T } | { readonly exitCode: ExitCode };

/** How often the workflow is asked where it stands. */
const POLL_MS = 500;

/** Shows a workflow's steps until it ends. Ctrl-C only stops the looking: the workflow goes on, and how to come back is said. */
export async function followWorkflow<T>(client: Client, workflowId: string, output: Output): Promise<Followed<T>> {
  const handle = client.workflow.getHandle(workflowId);
  let detach: (() => void) | undefined;
  const detached = new Promise<'detached'>((resolve) => {
    detach = () => resolve('detached');
  });
  process.once('SIGINT', detach as () => void);
  const watching = watchProgress(handle, output);
  try {
    const result = handle.result() as Promise<T>;
    const outcome = await Promise.race([result.then((value) => ({ value })), detached]);
    await watching.stop();
    if (outcome !== 'detached') return { result: outcome.value };
    result.catch(() => undefined); // nobody waits for it any more
    output.note(`Detached: ${workflowId} goes on. Come back with: ml-pipeline attach ${workflowId}. Stop it with: ml-pipeline cancel ${workflowId}`);
    return { exitCode: EXIT.interrupted };
  } catch (error) {
    await watching.stop();
    return { exitCode: reportFailure(error, workflowId, output) };
  } finally {
    process.removeListener('SIGINT', detach as () => void);
  }
}

function watchProgress(handle: WorkflowHandle, output: Output): { stop(): Promise<void> } {
  let stopped = false;
  let shown: Progress = { steps: [] };
  const look = async (): Promise<void> => {
    const progress = await handle.query(progressQuery).catch(() => undefined);
    if (progress === undefined) return;
    for (const line of output.interactive ? [] : newlyEnded(shown, progress)) output.note(line);
    output.redraw(progressLines(progress, Date.now()));
    shown = progress;
  };
  const loop = (async () => {
    while (!stopped) {
      await look();
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    await look();
    output.settle();
  })();
  return {
    stop: () => {
      stopped = true;
      return loop;
    },
  };
}

/** The deepest cause that a person can act on. */
function reportFailure(error: unknown, workflowId: string, output: Output): ExitCode {
  if (!(error instanceof WorkflowFailedError)) throw error;
  let cause: unknown = error.cause;
  while (cause instanceof ActivityFailure && cause.cause !== undefined) cause = cause.cause;
  const code = cause instanceof ApplicationFailure ? (cause.type ?? undefined) : undefined;
  const message = cause instanceof CancelledFailure ? 'It was cancelled.' : cause instanceof TerminatedFailure ? 'It was terminated.' : cause instanceof Error ? cause.message : String(cause);
  output.result({ workflow_id: workflowId, error: { code: code ?? null, message, problems: cause instanceof ApplicationFailure ? (cause.details?.[0] ?? []) : [] } }, []);
  output.note(`${workflowId} failed${code === undefined ? '' : ` (${code})`}: ${message}`);
  return cause instanceof CancelledFailure ? EXIT.interrupted : exitCodeOf(code);
}
