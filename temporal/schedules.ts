import type { Issue, Shape } from '../domain/validation/shape.ts';
import { check } from '../domain/validation/shape.ts';
import type { ScheduleDefinition, SCHEDULED_WORKFLOWS } from '../domain/schedules/definition.ts';
import { backfillFeaturesInput, materializeFeaturesInput, trainModelInput, written } from './inputs.ts';

/** The key of a schedule's memo under which it says whose it is. A memo is set once: it can not be changed later. */
export const SCHEDULE_MEMO = 'ml_pipeline';

/** Project and task queue tell installations on one namespace apart. */
export interface ScheduleMark {
  readonly project: string;
  readonly task_queue: string;
  /** Made by `schedule apply`, which then may change and remove it. */
  readonly declared: boolean;
}

const INPUTS: Readonly<Record<(typeof SCHEDULED_WORKFLOWS)[number], Shape<unknown>>> = { materializeFeatures: materializeFeaturesInput, backfillFeatures: backfillFeaturesInput, trainModel: trainModelInput };

/** What the workflow would refuse of its input, and instants without a zone, with keys below the schedule. */
export function scheduledInputIssues({ workflow, input }: Pick<ScheduleDefinition, 'workflow' | 'input'>): readonly Issue[] {
  return check(written(INPUTS[workflow]), input).issues.map((issue) => ({ ...issue, keys: ['input', ...issue.keys] }));
}
