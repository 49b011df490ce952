import { availableParallelism } from 'node:os';
import { Worker, type NativeConnection, type WorkflowBundleOption } from '@temporalio/worker';
import { createPipelineActivities, createTrainingActivities } from '../activities/index.ts';
import type { Ports } from '../ports/ports.ts';
import { trainingQueueOf } from '../temporal/task-queues.ts';
import { namespaceHasSearchAttributes } from './namespace-facts.ts';

export interface WorkerSettings {
  readonly namespace: string;
  readonly taskQueue: string;
  readonly workflowBundle: WorkflowBundleOption;
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
  shutdownGraceTime: '10s',
  shutdownForceTime: '30s',
  maxCachedWorkflows: 200,
} as const;

export async function createWorkerSet(connection: NativeConnection, ports: Ports, settings: WorkerSettings): Promise<WorkerSet> {
  const { namespace, taskQueue, workflowBundle } = settings;
  const searchAttributes = await namespaceHasSearchAttributes(connection, namespace);
  const io = await Worker.create({ ...COMMON, connection, namespace, taskQueue, workflowBundle, activities: createPipelineActivities(ports, { searchAttributes }), maxConcurrentActivityTaskExecutions: 8 });
  const slots = Math.max(1, Math.floor(availableParallelism() / ports.trainingThreads));
  const training = await Worker.create({ ...COMMON, connection, namespace, taskQueue: trainingQueueOf(taskQueue), activities: createTrainingActivities(ports), maxConcurrentActivityTaskExecutions: slots });
  return {
    run: async () => void (await Promise.all([io.run(), training.run()])),
    shutdown: () => [io, training].filter((worker) => worker.getState() === 'RUNNING').forEach((worker) => worker.shutdown()),
  };
}
