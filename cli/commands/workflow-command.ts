import type { Client } from '@temporalio/client';
import { WorkflowIdConflictPolicy } from '@temporalio/common';
import { followWorkflow, type Followed } from '../follow-workflow.ts';
import { EXIT } from '../exit-codes.ts';
import type { Output } from '../output.ts';
import type { Services } from '../services.ts';
import { stderrLog } from '../stderr-log.ts';

export interface WorkflowCall {
  readonly type: string;
  readonly workflowId: string;
  readonly input: object;
  /** Start it and return at once. */
  readonly detach: boolean;
}

/** Starts a workflow, or joins the one that runs under its id, and shows it until it ends. With no worker about, one runs here for as long. */
export async function runWorkflow<T>(services: Services, output: Output, call: WorkflowCall): Promise<Followed<T>> {
  const { temporal } = await services.settings();
  return services.withTemporal(async (client) => {
    const running = await isRunning(client, call.workflowId);
    await client.workflow.start(call.type, { workflowId: call.workflowId, taskQueue: temporal.taskQueue, args: [call.input], workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING });
    output.note(`${running ? 'Joined' : 'Started'} ${call.workflowId}: ${temporal.ui}/namespaces/${temporal.namespace}/workflows/${call.workflowId}`);
    if (call.detach) {
      output.result({ workflow_id: call.workflowId, joined: running }, [`Follow it with: ml-pipeline attach ${call.workflowId}`]);
      return { exitCode: EXIT.ok };
    }
    return withWorker(services, client, output, () => followWorkflow<T>(client, call.workflowId, output));
  });
}

async function isRunning(client: Client, workflowId: string): Promise<boolean> {
  return client.workflow.getHandle(workflowId).describe().then(({ status }) => status.name === 'RUNNING', () => false);
}

/** Runs a worker in this process while `work` is under way, if none polls the task queue. */
export async function withWorker<T>(services: Services, client: Client, output: Output, work: () => Promise<T>): Promise<T> {
  const { temporal } = await services.settings();
  const { pollers } = await client.workflowService.describeTaskQueue({ namespace: temporal.namespace, taskQueue: { name: temporal.taskQueue }, taskQueueType: 1 });
  const recent = (pollers ?? []).some(({ lastAccessTime }) => Date.now() - Number(lastAccessTime?.seconds ?? 0) * 1000 < 90_000);
  if (recent) return work();
  output.note(`No worker polls ${temporal.taskQueue}: this command runs one for as long as it looks.`);
  const worker = await services.startWorker({ log: stderrLog('warn') });
  try {
    return await work();
  } finally {
    await worker.stop();
  }
}
