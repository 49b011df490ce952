import type { Problem } from '../errors.ts';
import { keyTtlProblems } from '../features/key-ttl.ts';
import { parseCron } from './cron.ts';
import { longestGap } from './cron-times.ts';
import type { ScheduleDefinition } from './definition.ts';

/** What counts for a schedule that comes once in nine years, or never again. */
const NEVER_SECONDS = 9 * 366 * 86_400;

type Materializing = Pick<ScheduleDefinition, 'workflow' | 'cron' | 'time_zone' | 'input'>;

/**
 * Schedules that let online keys end before the next materialization renews them. A view that another schedule materializes often enough is none's problem; a schedule without
 * `views` is for all views. `keyTtlSeconds`: null where keys have no end. `nowSeconds`: gaps are looked for from then on. `asked`: the names to tell the problems of, where the rest is only there to cover views.
 */
export function keyLifetimeProblems(keyTtlSeconds: number | null, schedules: Readonly<Record<string, Materializing>>, nowSeconds: number, asked: readonly string[] = Object.keys(schedules)): readonly Problem[] {
  const all = Object.entries(schedules)
    .filter(([, { workflow }]) => workflow === 'materializeFeatures')
    .map(([name, schedule]) => ({ name, views: viewsOf(schedule), longestGapSeconds: longestGap(parseCron(schedule.cron).times!, schedule.time_zone, nowSeconds) ?? NEVER_SECONDS }));
  const isSeldom = (schedule: (typeof all)[number]): boolean => keyTtlProblems(keyTtlSeconds, [schedule]).length > 0;
  const frequent = all.filter((schedule) => !isSeldom(schedule));
  const covered = (view: string | undefined): boolean => frequent.some(({ views }) => views === undefined || (view !== undefined && views.includes(view)));
  return keyTtlProblems(keyTtlSeconds, all.filter(({ name, views }) => asked.includes(name) && !(views ?? [undefined]).every(covered)));
}

function viewsOf({ input }: Materializing): readonly string[] | undefined {
  const { views } = input;
  return Array.isArray(views) ? views.map(String) : undefined;
}
