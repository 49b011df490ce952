import { Client, Connection, WorkflowExecutionAlreadyStartedError, type WorkflowClientInterceptor } from '@temporalio/client';
import { WorkflowIdConflictPolicy } from '@temporalio/common';
import { PipelineError } from '../../domain/errors.ts';
import type { MaterializationRequest, MaterializationRunner } from '../../ports/materialization-runner.ts';
import type { TemporalConnection } from '../../temporal/connection.ts';
import type { MaterializeFeaturesInput } from '../../temporal/inputs.ts';
import { materializeWorkflowId } from '../../temporal/workflow-ids.ts';
import { materializationFailure } from './materialization-failure.ts';

export interface MaterializationRunnerOptions {
  readonly connection: TemporalConnection;
  readonly namespace: string;
  readonly taskQueue: string;
  /** See adapters/telemetry. */
  readonly interceptors?: readonly WorkflowClientInterceptor[];
  /** Refuses what the workflow's plan would refuse, and changes nothing. */
  readonly check: (request: MaterializationRequest) => Promise<void>;
}

/** Milliseconds that starting a workflow may take. */
const START_MS = 5_000;

/** Materializations as Temporal workflows, under the ids that the commands give them. Connects with the first call. */
export function createMaterializationRunner({ connection: place, namespace, taskQueue, interceptors = [], check }: MaterializationRunnerOptions): MaterializationRunner {
  const connection = Connection.lazy({ ...place, connectTimeout: START_MS });
  const client = new Client({ connection, namespace, interceptors: { workflow: [...interceptors] } });
  return {
    start: async (request) => {
      await check(request);
      const input: MaterializeFeaturesInput = request;
      const workflowId = materializeWorkflowId(request.views ?? []);
      try {
        const handle = await client.withDeadline(Date.now() + START_MS, () => client.workflow.start('materializeFeatures', { workflowId, taskQueue, args: [input], workflowIdConflictPolicy: WorkflowIdConflictPolicy.FAIL }));
        return { ended: handle.result().then(() => undefined, (error: unknown) => Promise.reject(materializationFailure(error, workflowId))) };
      } catch (error) {
        if (error instanceof WorkflowExecutionAlreadyStartedError) throw new PipelineError('CONFLICT', `The workflow ${workflowId} is running.`, { cause: error });
        throw new PipelineError('UNAVAILABLE', `Temporal at ${place.address} could not start ${workflowId}: ${error instanceof Error ? error.message : String(error)}.`, { cause: error });
      }
    },
    close: () => connection.close(),
  };
}
