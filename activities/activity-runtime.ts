import { activityInfo, cancellationSignal, heartbeat, log } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { PipelineError } from '../domain/errors.ts';

/** A steady heartbeat tells the server that this worker lives, and brings back a cancellation. Far below the heartbeat timeout, since some may be lost. */
const HEARTBEAT_INTERVAL_MS = 2_000;

/** What an activity's work is given by the runtime. */
export interface ActivityScope {
  /** Aborted when the workflow is cancelled or the worker shuts down. */
  readonly signal: AbortSignal;
  /** Names this run of the workflow: the same in all of its steps. */
  readonly run: string;
  /** Names this step of this run; the same in each attempt at it. */
  readonly step: string;
  /** The last details that the server has of an earlier attempt. */
  readonly resumedFrom: unknown;
  /** Details that the next attempt resumes from and that `describe` shows: figures and cursors, no data rows but join keys. */
  report(details: unknown): void;
}

/** Runs the work with steady heartbeats; errors leave it as Temporal failures. */
export async function withHeartbeats<T>(work: (scope: ActivityScope) => Promise<T>): Promise<T> {
  const resumedFrom: unknown = activityInfo().heartbeatDetails;
  let details = resumedFrom;
  heartbeat(details);
  const timer = setInterval(() => heartbeat(details), HEARTBEAT_INTERVAL_MS);
  const signal = cancellationSignal();
  try {
    return await work({
      signal,
      run: runName(),
      step: `${runName()}/${activityInfo().activityId}`,
      resumedFrom,
      report: (next) => {
        details = next;
        heartbeat(next);
      },
    });
  } catch (error) {
    throw asFailure(error, signal);
  } finally {
    clearInterval(timer);
  }
}

function runName(): string {
  const { workflowExecution } = activityInfo();
  return [workflowExecution?.workflowId, workflowExecution?.runId].join('/');
}

/**
 * The one place where our errors become Temporal's. A PipelineError keeps its code as the failure's type and its problems as details; the code says whether a retry can help.
 * A mistake of the program comes back the same however often it is tried. Anything else is retried under the activity's policy.
 */
function asFailure(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return new CancelledFailure('The activity was cancelled.', [], error instanceof Error ? error : undefined);
  if (isMistake(error)) return ApplicationFailure.create({ message: `A mistake in the program: ${error.message}`, type: error.name, nonRetryable: true, cause: error });
  if (!(error instanceof PipelineError)) return error;
  log.warn(error.message.split('\n')[0] ?? error.code, { code: error.code, problems: error.problems.length });
  return ApplicationFailure.create({ message: error.message, type: error.code, nonRetryable: !error.retryable, details: [error.problems] });
}

function isMistake(error: unknown): error is Error {
  return error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError || error instanceof SyntaxError;
}
