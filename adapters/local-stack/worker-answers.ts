import { Connection } from '@temporalio/client';
import type { TemporalConnection } from '../../temporal/connection.ts';

export interface QueuePlace {
  readonly connection: TemporalConnection;
  readonly namespace: string;
  readonly taskQueue: string;
}

/** Rejects until a worker in the process of that id asks Temporal for workflow tasks: a worker's identity begins with its process id. */
export async function workerAnswers({ connection: place, namespace, taskQueue }: QueuePlace, pid: number): Promise<void> {
  const connection = await Connection.connect({ ...place, connectTimeout: 3000 });
  try {
    const { pollers } = await connection.workflowService.describeTaskQueue({ namespace, taskQueue: { name: taskQueue }, taskQueueType: 1 });
    if (!(pollers ?? []).some(({ identity }) => identity?.startsWith(`${pid}@`) === true)) throw new Error(`it does not ask ${place.address} for tasks of ${taskQueue} yet`);
  } finally {
    await connection.close();
  }
}
