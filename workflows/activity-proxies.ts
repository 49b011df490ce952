import { proxyActivities, proxyLocalActivities, workflowInfo } from '@temporalio/workflow';
import type { PipelineActivities, TrainingActivities } from '../activities/index.ts';
import { LOCAL, QUICK, SLICE, TRAINING, WAREHOUSE } from '../temporal/activity-options.ts';
import { trainingQueueOf } from '../temporal/task-queues.ts';

/** Seconds: look-ups, checks, aliases. */
export const quick = proxyActivities<PipelineActivities>(QUICK);

/** As long as the warehouse and the files need. */
export const long = proxyActivities<PipelineActivities>(WAREHOUSE);

export const slices = proxyActivities<PipelineActivities>(SLICE);

export const local = proxyLocalActivities<PipelineActivities>(LOCAL);

/** On the queue whose slots follow the cores. */
export function training(): ReturnType<typeof proxyActivities<TrainingActivities>> {
  return proxyActivities<TrainingActivities>({ ...TRAINING, taskQueue: trainingQueueOf(workflowInfo().taskQueue) });
}
