import type { ScheduleFacts } from '../../domain/schedules/plan.ts';
import type { StoredSchedule } from './store.ts';

/** `2026-11-24T02:00:00Z`; a dash for none. */
export function instantText(date: Date | undefined): string {
  return date === undefined ? '-' : date.toISOString().replace('.000Z', 'Z');
}

/** `7 d`, `90 min` */
export function durationText(seconds: number): string {
  const [size, unit] = ([[86_400, 'd'], [3600, 'h'], [60, 'min']] as const).find(([length]) => seconds >= length && seconds % length === 0) ?? [1, 's'];
  return `${seconds / size} ${unit}`;
}

/** What is worked on: the views, the recipe, or everything. */
export function subjectText({ input }: ScheduleFacts): string {
  const { views, recipe } = input as { readonly views?: readonly string[]; readonly recipe?: string };
  return recipe ?? (views === undefined ? 'all views' : views.join(', '));
}

/** The schedule as `--json` gives it. */
export function scheduleJson({ name, origin, paused, facts, description: { state, info } }: StoredSchedule): object {
  const { workflow, taskQueue, input, cron, timeZone, overlap, catchupSeconds, pauseOnFailure, description } = facts;
  return {
    name, declared: origin === 'declared', paused, note: state.note ?? '', workflow, task_queue: taskQueue, input, cron, time_zone: timeZone, overlap, catchup_seconds: catchupSeconds, pause_on_failure: pauseOnFailure,
    description, next: info.nextActionTimes.map(instantText), taken: info.numActionsTaken, dropped_by_overlap: info.numActionsSkippedOverlap, missed: info.numActionsMissedCatchupWindow,
    running: info.runningActions.map(({ workflow: { workflowId } }) => workflowId),
    recent: info.recentActions.map(({ scheduledAt, takenAt, action }) => ({ scheduled: instantText(scheduledAt), taken: instantText(takenAt), workflow_id: action.workflow.workflowId })),
  };
}

/** The lines that say when it runs, with the defaults that nobody gave. */
export function whenLines({ facts, paused, description: { state, info } }: StoredSchedule): readonly string[] {
  return [
    `cron         ${facts.cron}${facts.times?.kind === 'interval' ? '' : `, time zone ${facts.timeZone}`}`,
    `overlap      ${facts.overlap}`,
    `catch-up     ${durationText(facts.catchupSeconds)}: a run that Temporal missed begins when it is back, if it is no later than that`,
    ...(paused ? [`paused       ${state.note ?? ''}`.trimEnd()] : [`next         ${info.nextActionTimes.slice(0, 3).map(instantText).join(', ')}`]),
  ];
}
