import type { Client } from '@temporalio/client';
import { WorkflowIdConflictPolicy } from '@temporalio/common';
import { PipelineError, refuseProblems } from '../../domain/errors.ts';
import { check, toProblem, type Shape } from '../../domain/validation/shape.ts';
import { followWorkflow, type Followed } from '../follow-workflow.ts';
import { EXIT } from '../exit-codes.ts';
import type { Output } from '../output.ts';
import type { ProjectSettings, Services } from '../services.ts';
import { progressQuery } from '../../temporal/progress.ts';
import { stderrLog } from '../stderr-log.ts';

/** A worker that is there answers well within this time, also a busy one. */
const ANSWER_MS = 5_000;

export interface WorkflowCall {
  readonly type: string;
  readonly workflowId: string;
  readonly input: object;
  /** Refuses what the workflow's first step would refuse. Not asked when a workflow is joined: it has its plan. */
  readonly check: () => Promise<void>;
  /** Start it and return at once. */
  readonly detach: boolean;
}

/** The input of a workflow as its shape wants it; INVALID_INPUT with every problem, before anything starts. */
export function checkedInput<T>(shape: Shape<T>, input: unknown): T {
  const { value, issues } = check(shape, input);
  refuseProblems('INVALID_INPUT', 'The command has problems; nothing was started.', issues.map(toProblem));
  return value;
}

/**
 * Starts a workflow, or joins the one that runs under its id, and shows it until it ends. What the check refuses is not started; where a server that it needs does not answer, the workflow
 * waits for that server, and checks then. With no worker about, one runs here for as long.
 */
export async function runWorkflow<T>(services: Services, output: Output, call: WorkflowCall): Promise<Followed<T>> {
  const { temporal } = await services.settings();
  return services.withTemporal(async (client) => {
    const running = await isRunning(client, call.workflowId);
    if (!running) await checkBefore(call, output);
    await client.workflow.start(call.type, { workflowId: call.workflowId, taskQueue: temporal.taskQueue, args: [call.input], workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING });
    output.note(`${running ? 'Joined' : 'Started'} ${call.workflowId}: ${temporal.ui}/namespaces/${temporal.namespace}/workflows/${call.workflowId}`);
    if (call.detach) {
      output.result({ workflow_id: call.workflowId, joined: running }, [`Follow it with: ml-pipeline attach ${call.workflowId}`]);
      return { exitCode: EXIT.ok };
    }
    return withWorker(services, client, call.workflowId, output, (workerHere) => followWorkflow<T>(client, call.workflowId, output, workerHere));
  });
}

async function checkBefore({ check }: WorkflowCall, output: Output): Promise<void> {
  try {
    await check();
  } catch (error) {
    if (!(error instanceof PipelineError) || !error.retryable) throw error;
    output.note(`${error.message.split('\n')[0] ?? ''} The workflow waits for it, and checks the rest then.`);
  }
}

async function isRunning(client: Client, workflowId: string): Promise<boolean> {
  return client.workflow.getHandle(workflowId).describe().then(({ status }) => status.name === 'RUNNING', () => false);
}

/** Runs a worker in this process while `work` is under way, if none serves the task queue; `work` is told whether. */
export async function withWorker<T>(services: Services, client: Client, workflowId: string, output: Output, work: (workerHere: boolean) => Promise<T>): Promise<T> {
  const { temporal } = await services.settings();
  if (await isServed(client, workflowId, temporal)) return work(false);
  output.note(`No worker serves ${temporal.taskQueue}: this command runs one for as long as it looks.`);
  const worker = await services.startWorker({ log: stderrLog('error') });
  try {
    return await work(true);
  } finally {
    await worker.stop();
  }
}

/**
 * Whether a worker is there. A poller is listed for minutes after it has gone, so one that is listed is only believed when the workflow answers a query in time.
 */
async function isServed(client: Client, workflowId: string, { namespace, taskQueue }: ProjectSettings['temporal']): Promise<boolean> {
  const { pollers } = await client.workflowService.describeTaskQueue({ namespace, taskQueue: { name: taskQueue }, taskQueueType: 1 });
  if ((pollers ?? []).length === 0) return false;
  return client.withDeadline(Date.now() + ANSWER_MS, () => client.workflow.getHandle(workflowId).query(progressQuery)).then(() => true, () => false);
}
