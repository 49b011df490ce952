import { availableParallelism } from 'node:os';
import { Worker, type ActivityInterceptorsFactory, type NativeConnection, type WorkflowBundleOption } from '@temporalio/worker';
import { createPipelineActivities, createTrainingActivities } from '../activities/index.ts';
import type { Ports } from '../ports/ports.ts';
import { HEARTBEAT_THROTTLE } from '../temporal/activity-options.ts';
import { trainingQueueOf } from '../temporal/task-queues.ts';
import { namespaceHasSearchAttributes } from './namespace-facts.ts';

export interface WorkerSettings {
  readonly namespace: string;
  readonly taskQueue: string;
  readonly workflowBundle: WorkflowBundleOption;
  readonly activityInterceptors?: readonly ActivityInterceptorsFactory[];
}

/** Workers in one process: workflows and I/O-bound activities on one queue, training on another. */
export interface WorkerSet {
  /** Resolves when both have drained after `shutdown`; rejects when one fails. */
  run(): Promise<void>;
  shutdown(): void;
}

const COMMON = {
  /** A killed worker's workflows wait this long for it before another takes them. */
  stickyQueueScheduleToStartTimeout: '3s',
  maxHeartbeatThrottleInterval: HEARTBEAT_THROTTLE,
  shutdownGraceTime: '10s',
  shutdownForceTime: '30s',
  maxCachedWorkflows: 200,
} as const;

export async function createWorkerSet(connection: NativeConnection, ports: Ports, settings: WorkerSettings): Promise<WorkerSet> {
  const { namespace, taskQueue, workflowBundle, activityInterceptors = [] } = settings;
  const interceptors = { activity: [...activityInterceptors] };
  const searchAttributes = await namespaceHasSearchAttributes(connection, namespace);
  const io = await Worker.create({ ...COMMON, connection, namespace, taskQueue, workflowBundle, interceptors, activities: createPipelineActivities(ports, { searchAttributes }), maxConcurrentActivityTaskExecutions: 8 });
  const slots = Math.max(1, Math.floor(availableParallelism() / ports.trainingThreads));
  const training = await Worker.create({ ...COMMON, connection, namespace, taskQueue: trainingQueueOf(taskQueue), interceptors, activities: createTrainingActivities(ports), maxConcurrentActivityTaskExecutions: slots });
  const shutdown = (): void => [io, training].filter((worker) => worker.getState() === 'RUNNING').forEach((worker) => worker.shutdown());
  return { run: () => runTogether([io, training], shutdown), shutdown };
}

/** When one worker ends by an error, the other is shut down too; resolves or rejects when both have ended. */
async function runTogether(workers: readonly Worker[], shutdown: () => void): Promise<void> {
  const outcomes = await Promise.allSettled(workers.map((worker) => worker.run().finally(shutdown)));
  const failure = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
}
