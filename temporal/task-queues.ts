/** Workflows and I/O-bound activities. Another queue name keeps two installations on one Temporal apart. */
export const DEFAULT_TASK_QUEUE = 'ml-pipeline';

/** CPU-bound activities (training) have a queue of their own, whose slots follow the cores; it is named after the workflow's. */
export function trainingQueueOf(taskQueue: string): string {
  return `${taskQueue}-training`;
}
