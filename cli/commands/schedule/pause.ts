import type { Command } from 'commander';
import type { CommandContext } from '../../context.ts';
import { openScheduleStore, told } from '../../schedules/store.ts';
import { scheduleJson, whenLines } from '../../schedules/text.ts';

interface NoteOption {
  readonly note?: string;
}

/** `schedule pause` and `schedule resume`. Both are safe to repeat. */
export function registerSchedulePause(schedule: Command, context: CommandContext): void {
  register(schedule, context, 'pause', 'Let a schedule start nothing until it is resumed. What runs goes on.');
  register(schedule, context, 'resume', 'Let a paused schedule start its workflow again, from the next time on: what was due meanwhile is not made up for.');
}

function register(schedule: Command, { services, run }: CommandContext, verb: 'pause' | 'resume', description: string): void {
  schedule
    .command(`${verb} <name>`)
    .description(description)
    .option('--note <text>', 'why, for those who look at it')
    .addHelpText('after', `\nExample:\n  ml-pipeline schedule ${verb} nightly --note "${verb === 'pause' ? 'the warehouse moves' : 'moved'}"`)
    .action(
      run<NoteOption>(async (output, { note }, [name = '']) => {
        const settings = await services.settings();
        await services.withTemporal(async (client) => {
          const store = openScheduleStore(client, settings);
          const { handle } = await store.find(name);
          await told(() => (verb === 'pause' ? handle.pause(note ?? 'by ml-pipeline schedule pause') : handle.unpause(note ?? 'by ml-pipeline schedule resume')));
          const found = await store.find(name);
          output.result(scheduleJson(found), [`${name} is ${found.paused ? 'paused' : 'active'}.`, ...whenLines(found)]);
        });
      }),
    );
}
