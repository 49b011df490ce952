import { ScheduleOverlapPolicy, type CalendarSpecDescription, type ScheduleDescription, type ScheduleOptions, type ScheduleSpec, type ScheduleSpecDescription } from '@temporalio/client';
import { parseCron, type CalendarTimes, type CronTimes } from '../../domain/schedules/cron.ts';
import type { ScheduleFacts } from '../../domain/schedules/plan.ts';
import { scheduledWorkflowId } from '../../temporal/workflow-ids.ts';

const MONTHS = ['JANUARY', 'FEBRUARY', 'MARCH', 'APRIL', 'MAY', 'JUNE', 'JULY', 'AUGUST', 'SEPTEMBER', 'OCTOBER', 'NOVEMBER', 'DECEMBER'] as const;
const DAYS = ['SUNDAY', 'MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY'] as const;
const OTHER_TIMES = 'times set elsewhere';

type Translated = Pick<ScheduleOptions, 'spec' | 'action' | 'policies'>;

/**
 * A schedule as Temporal's client takes it. The cron expression is sent as the calendar that it means, so that what was checked is what is run; its text goes along as the
 * calendar's comment. No search attribute is set, since one that the namespace lacks would stop every run; Temporal itself makes runs findable by their schedule.
 */
export function toTemporal(name: string, facts: ScheduleFacts): Translated {
  const { times, timeZone, workflow, taskQueue, input, overlap, catchupSeconds, pauseOnFailure, description } = facts;
  return {
    spec: times?.kind === 'interval' ? { intervals: [{ every: times.everySeconds * 1000 }] } : { calendars: [calendar(times!, facts.cron)], timezone: timeZone },
    action: { type: 'startWorkflow', workflowType: workflow, taskQueue, workflowId: scheduledWorkflowId(name), args: [input], ...(description === '' ? {} : { staticSummary: description }) },
    policies: { overlap: temporalOverlap(overlap), catchupWindow: catchupSeconds * 1000, pauseOnFailure },
  };
}

/** Temporal's name of an overlap policy. */
export function temporalOverlap(overlap: string): ScheduleOverlapPolicy {
  return overlap.toUpperCase() as ScheduleOverlapPolicy;
}

/** Fields that hold every value go as `*`, which Temporal's own command shows short. */
function calendar({ minutes, hours, daysOfMonth, months, daysOfWeek }: CalendarTimes, comment: string): NonNullable<ScheduleSpec['calendars']>[number] {
  const field = <T>(numbers: readonly number[], all: number, valueOf: (value: number) => T): T[] | '*' => (numbers.length === all ? '*' : numbers.map(valueOf));
  return {
    minute: field(minutes, 60, Number),
    hour: field(hours, 24, Number),
    dayOfMonth: field(daysOfMonth, 31, Number),
    month: field(months, 12, (month) => MONTHS[month - 1]!),
    dayOfWeek: field(daysOfWeek, 7, (day) => DAYS[day]!),
    comment,
  };
}

/** What Temporal says that the schedule does. */
export function fromTemporal({ spec, action, policies }: ScheduleDescription): ScheduleFacts {
  const times = timesOf(spec);
  return {
    workflow: action.workflowType,
    taskQueue: action.taskQueue,
    input: action.args?.[0] ?? {},
    times,
    cron: times === undefined ? OTHER_TIMES : textOf(times, spec),
    timeZone: spec.timezone === undefined || spec.timezone === '' ? 'UTC' : spec.timezone,
    overlap: (policies.overlap ?? ScheduleOverlapPolicy.SKIP).toLowerCase(),
    catchupSeconds: policies.catchupWindow / 1000,
    pauseOnFailure: policies.pauseOnFailure,
    description: action.staticSummary ?? '',
  };
}

function timesOf({ calendars = [], intervals = [], skip = [], startAt, endAt, jitter = 0 }: ScheduleSpecDescription): CronTimes | undefined {
  if (calendars.length + intervals.length !== 1 || skip.length > 0 || startAt !== undefined || endAt !== undefined || jitter !== 0) return undefined;
  const [interval] = intervals;
  if (interval !== undefined) return interval.offset > 0 ? undefined : { kind: 'interval', everySeconds: interval.every / 1000 };
  return calendarTimes(calendars[0]!);
}

function calendarTimes({ second, minute, hour, dayOfMonth, month, year, dayOfWeek }: CalendarSpecDescription): CalendarTimes | undefined {
  if (year.length > 0 || values(second, Number).join() !== '0') return undefined;
  return { kind: 'calendar', minutes: values(minute, Number), hours: values(hour, Number), daysOfMonth: values(dayOfMonth, Number), months: values(month, (name) => MONTHS.indexOf(name) + 1), daysOfWeek: values(dayOfWeek, (name) => DAYS.indexOf(name)) };
}

function values<T>(ranges: readonly { readonly start: T; readonly end: T; readonly step: number }[], numberOf: (value: T) => number): readonly number[] {
  const all = ranges.flatMap(({ start, end, step }) => {
    const [from, to] = [numberOf(start), numberOf(end)];
    return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, index) => from + index * step);
  });
  return [...new Set(all)].sort((a, b) => a - b);
}

/** The expression that was given, where it still means these times. */
function textOf(times: CronTimes, { calendars = [] }: ScheduleSpecDescription): string {
  if (times.kind === 'interval') return `@every ${times.everySeconds}s`;
  const comment = calendars[0]?.comment ?? '';
  return JSON.stringify(parseCron(comment).times) === JSON.stringify(times) ? comment : OTHER_TIMES;
}
