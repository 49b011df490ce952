import { ScheduleAlreadyRunning, ScheduleNotFoundError, ServiceError, type Client, type ScheduleDescription, type ScheduleHandle } from '@temporalio/client';
import { PipelineError } from '../../domain/errors.ts';
import { suggestion } from '../../domain/nearest.ts';
import { takenBy, type LiveSchedule, type ScheduleFacts, type ScheduleOrigin } from '../../domain/schedules/plan.ts';
import { SCHEDULE_MEMO, type ScheduleMark } from '../../temporal/schedules.ts';
import type { ProjectSettings } from '../services.ts';
import { fromTemporal, toTemporal } from './translate.ts';

/** A schedule on the server, with all that the server says of it. */
export interface StoredSchedule extends LiveSchedule {
  readonly description: ScheduleDescription;
}

/** The schedules of one project on its Temporal. Everything but `read` keeps its hands off those of others. */
export interface ScheduleStore {
  /** Those made for this project. The server's list is a moment behind: one that was just made may be missing. */
  list(): Promise<readonly StoredSchedule[]>;
  /** Whoever made it; undefined where there is none. */
  read(name: string): Promise<StoredSchedule | undefined>;
  /** NOT_FOUND with the nearest name; CONFLICT for one that was not made for this project. */
  find(name: string): Promise<StoredSchedule & { readonly handle: ScheduleHandle }>;
  /** CONFLICT when the name is taken. */
  create(name: string, facts: ScheduleFacts, options: { readonly declared: boolean; readonly paused: boolean }): Promise<void>;
  /** Whether it is paused, and how many runs it has left, stays as it is. */
  change(name: string, facts: ScheduleFacts): Promise<void>;
  /** Runs that it started go on. One that is gone already is no error. */
  remove(name: string): Promise<void>;
}

const GRPC_INVALID_ARGUMENT = 3;

export function openScheduleStore(client: Client, { project, temporal }: Pick<ProjectSettings, 'project' | 'temporal'>): ScheduleStore {
  const originOf = (memo: Readonly<Record<string, unknown>> | undefined): ScheduleOrigin => {
    const mark = memo?.[SCHEDULE_MEMO] as ScheduleMark | undefined;
    if (mark?.project !== project || mark.task_queue !== temporal.taskQueue) return 'other';
    return mark.declared ? 'declared' : 'command';
  };
  const read = async (name: string): Promise<StoredSchedule | undefined> => {
    const description = await client.schedule.getHandle(name).describe().catch(absent);
    if (description === undefined) return undefined;
    return { name, origin: originOf(description.memo), paused: description.state.paused, facts: fromTemporal(description), description };
  };
  const list = async (): Promise<readonly StoredSchedule[]> => {
    const names: string[] = [];
    for await (const { scheduleId, memo } of client.schedule.list()) if (originOf(memo) !== 'other') names.push(scheduleId);
    return (await Promise.all(names.sort().map(read))).filter((schedule) => schedule !== undefined);
  };
  return {
    list: () => told(list),
    read: (name) => told(() => read(name)),
    find: (name) => told(async () => {
      const found = await read(name);
      if (found === undefined) throw new PipelineError('NOT_FOUND', `There is no schedule ${JSON.stringify(name)}. ${suggestion(name, (await list()).map((schedule) => schedule.name))}`);
      if (found.origin === 'other') throw new PipelineError('CONFLICT', `The schedule ${name} was not made for project ${project} on task queue ${temporal.taskQueue}. Use Temporal's own command: temporal schedule --help`);
      return { ...found, handle: client.schedule.getHandle(name) };
    }),
    create: (name, facts, { declared, paused }) => told(async () => {
      const mark: ScheduleMark = { project, task_queue: temporal.taskQueue, declared };
      try {
        await client.schedule.create({ scheduleId: name, ...toTemporal(name, facts), memo: { [SCHEDULE_MEMO]: mark }, state: { paused } });
      } catch (error) {
        if (!(error instanceof ScheduleAlreadyRunning)) throw error;
        const { message, cure } = takenBy((await read(name)) ?? { name, origin: 'other' });
        throw new PipelineError('CONFLICT', `The schedule ${name} ${message}. ${cure}`, { cause: error });
      }
    }),
    change: (name, facts) => told(() => client.schedule.getHandle(name).update(({ state }) => ({ ...toTemporal(name, facts), state }))),
    remove: (name) => told(() => client.schedule.getHandle(name).delete().catch(absent)),
  };
}

function absent(error: unknown): undefined {
  if (error instanceof ScheduleNotFoundError) return undefined;
  throw error;
}

/** Temporal's refusals in this project's words. */
export async function told<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    const { code, details } = (error.cause ?? {}) as { readonly code?: number; readonly details?: string };
    if (code === GRPC_INVALID_ARGUMENT) throw new PipelineError('INVALID_INPUT', `Temporal refuses the schedule: ${details ?? error.message}`, { cause: error });
    throw error;
  }
}
