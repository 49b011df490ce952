import { ActivityFailure, ChildWorkflowFailure } from '@temporalio/common';

/** Why a workflow failed, below the activities and child workflows that only hand it on: what a person can act on. */
export function deepestCause(failure: { readonly cause?: unknown }): unknown {
  let { cause } = failure;
  while ((cause instanceof ActivityFailure || cause instanceof ChildWorkflowFailure) && cause.cause !== undefined) cause = cause.cause;
  return cause;
}
