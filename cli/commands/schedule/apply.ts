import type { Client } from '@temporalio/client';
import type { Command } from 'commander';
import { PipelineError, refuseProblems } from '../../../domain/errors.ts';
import { declaredFacts, planSchedules, type LiveSchedule, type ScheduleFacts, type SchedulePlan } from '../../../domain/schedules/plan.ts';
import { canAsk, confirm } from '../../confirm.ts';
import type { CommandContext } from '../../context.ts';
import { EXIT, type ExitCode } from '../../exit-codes.ts';
import { counted, table, type Output } from '../../output.ts';
import { refuseWrongSchedules } from '../../schedules/check.ts';
import { openScheduleStore, type ScheduleStore } from '../../schedules/store.ts';

interface ApplyOptions {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

export function registerScheduleApply(schedule: Command, { services, run }: CommandContext): void {
  schedule
    .command('apply')
    .description("Make Temporal's schedules equal to those that the settings of the environment declare under `schedules`.")
    .option('--dry-run', 'only say what would change')
    .option('--yes', 'do not ask before something is removed')
    .addHelpText('after', '\nOnly what an earlier apply made for this project is changed or removed. A paused schedule stays paused. A removal is asked about in a terminal; elsewhere it needs --yes.\n\nExample:\n  ml-pipeline schedule apply --dry-run')
    .action(
      run<ApplyOptions>(async (output, options) => {
        const settings = await services.settings();
        return services.withTemporal(async (client: Client) => {
          await refuseWrongSchedules(services, 'INVALID_CONFIG', settings.schedules);
          const declared = Object.fromEntries(Object.entries(settings.schedules).map(([name, definition]) => [name, declaredFacts(definition, settings.temporal.taskQueue)]));
          return apply(output, openScheduleStore(client, settings), declared, options);
        });
      }),
    );
}

async function apply(output: Output, store: ScheduleStore, declared: Readonly<Record<string, ScheduleFacts>>, { dryRun = false, yes = false }: ApplyOptions): Promise<ExitCode> {
  const plan = planSchedules(declared, await liveSchedules(store, Object.keys(declared)));
  refuseProblems('CONFLICT', 'Schedules that are declared cannot be made; nothing was changed.', plan.conflicts);
  if (dryRun) return show(output, plan, false);
  const removals = plan.changes.filter(({ action }) => action === 'remove');
  if (removals.length > 0 && !yes) {
    const problems = removals.map(({ name, detail }) => ({ path: `schedule ${name}`, message: `It would be removed: ${detail}.` }));
    if (output.json || !canAsk()) throw new PipelineError('INVALID_INPUT', 'Something would be removed; nothing was changed. Look at `ml-pipeline schedule apply --dry-run`, and add --yes to agree.', { problems });
    for (const line of planLines(plan)) output.note(line);
    if (!(await confirm(`Apply this, with ${counted(removals.length, 'removal')}?`))) {
      output.note('Nothing was changed.');
      return EXIT.refused;
    }
  }
  for (const { action, name } of plan.changes) {
    if (action === 'create') await store.create(name, declared[name]!, { declared: true, paused: false });
    else if (action === 'change') await store.change(name, declared[name]!);
    else await store.remove(name);
  }
  return show(output, plan, true);
}

/** Those of the project, and whatever has a declared name: the server's list is a moment behind, what it says of one schedule is not. */
async function liveSchedules(store: ScheduleStore, declared: readonly string[]): Promise<readonly LiveSchedule[]> {
  const [listed, named] = await Promise.all([store.list(), Promise.all(declared.map((name) => store.read(name)))]);
  return [...listed.filter(({ name }) => !declared.includes(name)), ...named.filter((schedule) => schedule !== undefined)];
}

function show(output: Output, plan: SchedulePlan, applied: boolean): ExitCode {
  output.result({ changes: plan.changes, unchanged: plan.unchanged, applied }, [...planLines(plan), `${plan.changes.length} ${applied ? 'changed' : 'to change'}, ${plan.unchanged.length} unchanged`]);
  return EXIT.ok;
}

function planLines({ changes, unchanged }: SchedulePlan): readonly string[] {
  const rows = [...changes.map(({ action, name, detail }) => [action, name, detail]), ...unchanged.map((name) => ['unchanged', name, ''])];
  return rows.length === 0 ? [] : table(['action', 'schedule', 'detail'], rows);
}
