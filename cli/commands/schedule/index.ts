import type { Command } from 'commander';
import type { CommandContext } from '../../context.ts';
import { registerScheduleApply } from './apply.ts';
import { registerScheduleBackfill } from './backfill.ts';
import { registerScheduleCreate } from './create.ts';
import { registerScheduleDelete } from './delete.ts';
import { registerScheduleDescribe } from './describe.ts';
import { registerScheduleList } from './list.ts';
import { registerSchedulePause } from './pause.ts';
import { registerScheduleTrigger } from './trigger.ts';

/** `ml-pipeline schedule ...`: one file a subcommand. */
export function registerSchedule(program: Command, context: CommandContext): void {
  const schedule = program.command('schedule').description('Workflows at fixed times, by Temporal: materializations, trainings, backfills.');
  for (const register of [registerScheduleApply, registerScheduleCreate, registerScheduleList, registerScheduleDescribe, registerSchedulePause, registerScheduleTrigger, registerScheduleBackfill, registerScheduleDelete]) register(schedule, context);
}
