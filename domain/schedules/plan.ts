import type { Problem } from '../errors.ts';
import type { CronTimes } from './cron.ts';
import { parseCron } from './cron.ts';
import { durationSeconds, type ScheduleDefinition } from './definition.ts';

/** What a schedule does, as it is declared or as the server has it. */
export interface ScheduleFacts {
  readonly workflow: string;
  readonly taskQueue: string;
  readonly input: unknown;
  readonly cron: string;
  /** undefined: times that no cron expression of ours means. */
  readonly times: CronTimes | undefined;
  readonly timeZone: string;
  readonly overlap: string;
  readonly catchupSeconds: number;
  readonly pauseOnFailure: boolean;
  readonly description: string;
}

/** `declared`: made by an apply of this project's settings. `command`: made by a command for this project. `other`: neither. */
export type ScheduleOrigin = 'declared' | 'command' | 'other';

export interface LiveSchedule {
  readonly name: string;
  readonly origin: ScheduleOrigin;
  readonly paused: boolean;
  readonly facts: ScheduleFacts;
}

export interface ScheduleChange {
  readonly action: 'create' | 'change' | 'remove';
  readonly name: string;
  readonly detail: string;
}

export interface SchedulePlan {
  readonly changes: readonly ScheduleChange[];
  readonly unchanged: readonly string[];
  /** Names that are taken by what an apply may not touch. */
  readonly conflicts: readonly Problem[];
}

export function declaredFacts(definition: ScheduleDefinition, taskQueue: string): ScheduleFacts {
  return {
    workflow: definition.workflow,
    taskQueue,
    input: definition.input,
    cron: definition.cron,
    times: parseCron(definition.cron).times,
    timeZone: definition.time_zone,
    overlap: definition.overlap,
    catchupSeconds: durationSeconds(definition.catchup_window)!,
    pauseOnFailure: definition.pause_on_failure,
    description: definition.description ?? '',
  };
}

/** What makes the server's schedules equal to the declared ones. Only what an earlier apply made is changed or removed. */
export function planSchedules(declared: Readonly<Record<string, ScheduleFacts>>, live: readonly LiveSchedule[]): SchedulePlan {
  const [changes, unchanged, conflicts]: [ScheduleChange[], string[], Problem[]] = [[], [], []];
  for (const [name, facts] of Object.entries(declared)) {
    const found = live.find((schedule) => schedule.name === name);
    if (found === undefined) changes.push({ action: 'create', name, detail: summary(facts) });
    else if (found.origin !== 'declared') conflicts.push(takenBy(found));
    else {
      const detail = differences(found.facts, facts);
      if (detail.length === 0) unchanged.push(name);
      else changes.push({ action: 'change', name, detail: `${detail.join(', ')}${found.paused ? '; it stays paused' : ''}` });
    }
  }
  for (const { name, origin, facts } of live) if (origin === 'declared' && !Object.hasOwn(declared, name)) changes.push({ action: 'remove', name, detail: summary(facts) });
  return { changes, unchanged, conflicts };
}

export function takenBy({ name, origin }: Pick<LiveSchedule, 'name' | 'origin'>): Problem {
  const [message, cure] = origin === 'command' ? ['exists already, made by `schedule create`', `Give it another name, or remove that one first: ml-pipeline schedule delete ${name}`] : ['exists already in this namespace, and was not made for this project and task queue', 'Give it another name.'];
  return { path: `schedules.${name}`, message, cure };
}

/** `materializeFeatures at "0 2 * * *" UTC` */
function summary({ workflow, cron, timeZone, times }: ScheduleFacts): string {
  return `${workflow} at "${cron}"${times?.kind === 'interval' ? '' : ` ${timeZone}`}`;
}

/** `overlap skip -> buffer_one` for each thing that differs. */
function differences(from: ScheduleFacts, to: ScheduleFacts): readonly string[] {
  const interval = from.times?.kind === 'interval' && to.times?.kind === 'interval';
  const pairs: readonly (readonly [string, string, string])[] = [
    ['workflow', from.workflow, to.workflow],
    ['task queue', from.taskQueue, to.taskQueue],
    ['input', canonical(from.input), canonical(to.input)],
    ['time zone', interval ? '' : from.timeZone, interval ? '' : to.timeZone],
    ['overlap', from.overlap, to.overlap],
    ['catch-up', `${from.catchupSeconds}s`, `${to.catchupSeconds}s`],
    ['pause on failure', String(from.pauseOnFailure), String(to.pauseOnFailure)],
    ['description', from.description, to.description],
  ];
  const times = from.times !== undefined && canonical(from.times) === canonical(to.times) ? [] : [`cron "${from.cron}" -> "${to.cron}"`];
  return [...times, ...pairs.filter(([, before, after]) => before !== after).map(([name, before, after]) => `${name} ${before === '' ? 'none' : before} -> ${after === '' ? 'none' : after}`)];
}

/** JSON with the keys in order. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  return `{${Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(',')}}`;
}
