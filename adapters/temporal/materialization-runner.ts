import { Client, Connection, WorkflowExecutionAlreadyStartedError, WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, WorkflowIdConflictPolicy } from '@temporalio/common';
import { ERROR_CODES, PipelineError, type ErrorCode } from '../../domain/errors.ts';
import type { MaterializationRunner } from '../../ports/materialization-runner.ts';
import type { MaterializeFeaturesInput } from '../../temporal/inputs.ts';
import { materializeWorkflowId } from '../../temporal/workflow-ids.ts';

export interface TemporalAddress {
  readonly address: string;
  readonly namespace: string;
  readonly taskQueue: string;
}

/** Milliseconds that starting a workflow may take. */
const START_MS = 5_000;

/** Materializations as Temporal workflows, under the ids that the commands give them. Connects with the first call. */
export function createMaterializationRunner({ address, namespace, taskQueue }: TemporalAddress): MaterializationRunner {
  const connection = Connection.lazy({ address, connectTimeout: START_MS });
  const client = new Client({ connection, namespace });
  return {
    start: async (request) => {
      const input: MaterializeFeaturesInput = request;
      const workflowId = materializeWorkflowId(request.views ?? []);
      try {
        const handle = await client.withDeadline(Date.now() + START_MS, () => client.workflow.start('materializeFeatures', { workflowId, taskQueue, args: [input], workflowIdConflictPolicy: WorkflowIdConflictPolicy.FAIL }));
        return { ended: handle.result().then(() => undefined, (error: unknown) => Promise.reject(asPipelineError(error))) };
      } catch (error) {
        if (error instanceof WorkflowExecutionAlreadyStartedError) throw new PipelineError('CONFLICT', `The workflow ${workflowId} is running.`, { cause: error });
        throw new PipelineError('UNAVAILABLE', `Temporal at ${address} could not start ${workflowId}: ${error instanceof Error ? error.message : String(error)}.`, { cause: error });
      }
    },
    close: () => connection.close(),
  };
}

/** Why a workflow failed, in the words of the step that did. */
function asPipelineError(error: unknown): unknown {
  if (!(error instanceof WorkflowFailedError)) return error;
  let cause: unknown = error.cause;
  while (cause instanceof Error && !(cause instanceof ApplicationFailure) && cause.cause !== undefined) cause = cause.cause;
  if (!(cause instanceof Error)) return error;
  const type = cause instanceof ApplicationFailure ? (cause.type ?? '') : '';
  return new PipelineError(Object.hasOwn(ERROR_CODES, type) && type !== 'UNAVAILABLE' ? (type as ErrorCode) : 'INVALID_INPUT', cause.message, { cause: error });
}
