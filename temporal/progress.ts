import { defineQuery } from '@temporalio/workflow';

/** One step of a workflow, as its `progress` query tells it. */
export interface StepProgress {
  readonly name: string;
  readonly status: 'waiting' | 'running' | 'done' | 'failed' | 'skipped';
  /** Milliseconds since the epoch, by the workflow's clock. */
  readonly startedMillis?: number;
  readonly endedMillis?: number;
  /** Figures for people, e.g. `327,346 rows x 24 columns`. No row of data. */
  readonly detail?: string;
}

export interface Progress {
  readonly steps: readonly StepProgress[];
}

/** Answered by every workflow, while it runs and after it has closed. */
export const progressQuery = defineQuery<Progress>('progress');
