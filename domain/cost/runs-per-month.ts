import { parseCron } from '../schedules/cron.ts';
import { dueTimes } from '../schedules/cron-times.ts';
import type { ScheduleDefinition } from '../schedules/definition.ts';

const YEAR_SECONDS = 365 * 86_400;

/** How often the month's workflows run. */
export interface MonthlyRuns {
  readonly trainings: number;
  readonly materializations: number;
}

/** Trainings of the recipe, and materializations and backfills of any view, in a twelfth of the year from `fromSeconds` on. */
export function runsPerMonth(schedules: readonly ScheduleDefinition[], recipe: string, fromSeconds: number): MonthlyRuns {
  const runs = { trainings: 0, materializations: 0 };
  for (const { workflow, cron, time_zone: timeZone, input } of schedules) {
    if (workflow !== 'trainModel') runs.materializations += timesPerMonth(cron, timeZone, fromSeconds);
    else if (input['recipe'] === recipe) runs.trainings += timesPerMonth(cron, timeZone, fromSeconds);
  }
  return runs;
}

function timesPerMonth(cron: string, timeZone: string, from: number): number {
  const { times } = parseCron(cron);
  if (times === undefined) return 0; // no schedule's settings pass with such an expression
  if (times.kind === 'interval') return YEAR_SECONDS / 12 / times.everySeconds;
  let count = 0;
  for (const at of dueTimes(times, timeZone, from - 1)) {
    if (at >= from + YEAR_SECONDS) break;
    count += 1;
  }
  return count / 12;
}
