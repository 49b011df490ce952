import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { CancellationScope, ChildWorkflowFailure, condition, isCancellation, ParentClosePolicy, sleep, startChild } from '@temporalio/workflow';
import { viewHoldId } from '../temporal/workflow-ids.ts';
import { local } from './activity-proxies.ts';

/** Seconds between two looks whether a view is free: soon at first, then seldom, since each look is some ten events of history. */
const FIRST_WAIT = 1;
const LONGEST_WAIT = 30;

/**
 * Stands for the right to materialize a view: Temporal lets one workflow of an id run, so that of two runs only one has it. It does nothing but wait to be cancelled, and is
 * terminated with the run that started it, however that ends.
 */
export async function holdView(): Promise<void> {
  try {
    await condition(() => false);
  } catch (error) {
    if (!isCancellation(error)) throw error;
  }
}

/**
 * Does the work while no other run works on the view; waits until the view is free, and says so by `onWait`. `work` is told whether it waited. A cancelled run keeps the view
 * until its work has ended.
 */
export async function withView<T>(view: string, onWait: () => void, work: (waited: boolean) => Promise<T>): Promise<T> {
  const { release, waited } = await takeView(view, onWait);
  try {
    return await work(waited);
  } finally {
    await release();
  }
}

async function takeView(view: string, onWait: () => void): Promise<{ readonly waited: boolean; release(): Promise<void> }> {
  const workflowId = viewHoldId(await local.ownTaskQueue(), view);
  for (let seconds = 0; ; seconds = Math.min(LONGEST_WAIT, Math.max(FIRST_WAIT, seconds * 2))) {
    if (seconds > 0) {
      onWait();
      await sleep(`${seconds}s`);
    }
    const release = await tryToTake(workflowId, view);
    if (release !== undefined) return { waited: seconds > 0, release };
  }
}

/** undefined: another run has it. Cancelling this run does not cancel the hold: its activities take their time to end. */
function tryToTake(workflowId: string, view: string): Promise<(() => Promise<void>) | undefined> {
  return CancellationScope.nonCancellable(async () => {
    const scope = new CancellationScope();
    try {
      const hold = await scope.run(() => startChild(holdView, { workflowId, parentClosePolicy: ParentClosePolicy.TERMINATE, staticSummary: view }));
      return async () => {
        scope.cancel();
        await CancellationScope.nonCancellable(() => hold.result()).catch(allowTermination);
      };
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError) return undefined;
      throw error;
    }
  });
}

/** Someone freed the view by hand. */
function allowTermination(error: unknown): void {
  if (!(error instanceof ChildWorkflowFailure)) throw error;
}
