import { InvalidArgumentError, type Command } from 'commander';
import { isRecord, within, type Shape } from '../../../domain/validation/shape.ts';
import { OVERLAPS, SCHEDULED_WORKFLOWS, scheduleDefinition, scheduleName, type ScheduleDefinition } from '../../../domain/schedules/definition.ts';
import { declaredFacts } from '../../../domain/schedules/plan.ts';
import type { CommandContext } from '../../context.ts';
import { refuseWrongSchedules } from '../../schedules/check.ts';
import { openScheduleStore } from '../../schedules/store.ts';
import { scheduleJson, whenLines } from '../../schedules/text.ts';
import { checkedInput } from '../workflow-command.ts';

interface CreateOptions {
  readonly cron: string;
  readonly workflow?: string;
  readonly views?: readonly string[];
  readonly recipe?: string;
  readonly input?: Readonly<Record<string, unknown>>;
  readonly timeZone?: string;
  readonly overlap?: string;
  readonly catchup?: string;
  readonly pauseOnFailure?: boolean;
  readonly description?: string;
  readonly paused?: boolean;
}

export function registerScheduleCreate(schedule: Command, { services, run }: CommandContext): void {
  schedule
    .command('create <name>')
    .description('Start a workflow at fixed times; without more options, incremental materialization of all views.')
    .requiredOption('--cron <expression>', 'minute hour day-of-month month day-of-week, @daily, or @every 15m')
    .option('--workflow <type>', `${SCHEDULED_WORKFLOWS.join(', ')} (default: ${SCHEDULED_WORKFLOWS[0]})`)
    .option('--views <view...>', 'feature views (default: all that are online)')
    .option('--recipe <recipe>', 'of trainModel')
    .option('--input <json>', 'further input of the workflow, as docs/temporal.md lists it', jsonObject)
    .option('--time-zone <zone>', 'whose clock the cron expression means (default: UTC)')
    .option('--overlap <policy>', `when a run is due while the last one is under way: ${OVERLAPS.join(', ')} (default: ${OVERLAPS[0]})`)
    .option('--catchup <duration>', 'how late a run may begin that Temporal missed (default: 7d)')
    .option('--pause-on-failure', 'a failed run pauses the schedule')
    .option('--description <text>', 'shown with each of its runs')
    .option('--paused', 'make it paused')
    .addHelpText('after', '\nExamples:\n  ml-pipeline schedule create weather --cron "15 * * * *" --views weather\n  ml-pipeline schedule create retrain --cron "0 3 * * mon" --time-zone Europe/Berlin --workflow trainModel --recipe models/classification/random_forest_classifier')
    .action(
      run<CreateOptions>(async (output, options, [name = '']) => {
        const definition = checkedInput(named(name), definitionOf(options));
        const settings = await services.settings();
        await services.withTemporal(async (client) => {
          const store = openScheduleStore(client, settings);
          await refuseWrongSchedules(services, 'INVALID_INPUT', { [name]: definition }, settings.schedules);
          await store.create(name, declaredFacts(definition, settings.temporal.taskQueue), { declared: false, paused: options.paused === true });
          const made = await store.find(name);
          output.result(scheduleJson(made), [`Made ${name}: ${definition.workflow} ${JSON.stringify(definition.input)}`, ...whenLines(made)]);
        });
      }),
    );
}

function jsonObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (isRecord(value)) return value;
  } catch (error) {
    throw new InvalidArgumentError(`it is not JSON: ${(error as Error).message}`);
  }
  throw new InvalidArgumentError('it is not a JSON object such as {"incremental": false}.');
}

function definitionOf({ cron, workflow, views, recipe, input = {}, timeZone, overlap, catchup, pauseOnFailure, description }: CreateOptions): object {
  const given = { cron, workflow, time_zone: timeZone, overlap, catchup_window: catchup, pause_on_failure: pauseOnFailure, description, input: { ...input, ...(views === undefined ? {} : { views }), ...(recipe === undefined ? {} : { recipe }) } };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

/** The definition under its name, so that problems are told of both. */
function named(name: string): Shape<ScheduleDefinition> {
  return (value, spot) => {
    scheduleName(name, within(spot, 'name'));
    return scheduleDefinition(value, spot);
  };
}
