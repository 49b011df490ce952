import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { ERROR_CODES, PipelineError, type ErrorCode } from '../../domain/errors.ts';
import { deepestCause } from '../../temporal/deepest-cause.ts';
import { isServerAway } from '../../temporal/server-away.ts';

/** Why a workflow that was waited for did not end well: the error of the step that failed, with its code; UNAVAILABLE when Temporal does not answer any more. */
export function materializationFailure(error: unknown, workflowId: string): unknown {
  if (error instanceof WorkflowFailedError) return stepFailure(error);
  if (isServerAway(error)) return new PipelineError('UNAVAILABLE', `Temporal does not answer any more; ${workflowId} goes on when it is back.`, { cause: error });
  return error;
}

function stepFailure(error: WorkflowFailedError): unknown {
  const cause = deepestCause(error);
  if (!(cause instanceof Error)) return error;
  const type = cause instanceof ApplicationFailure ? (cause.type ?? '') : '';
  return new PipelineError(Object.hasOwn(ERROR_CODES, type) ? (type as ErrorCode) : 'INVALID_INPUT', cause.message, { cause: error });
}
