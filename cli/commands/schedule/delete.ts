import type { Command } from 'commander';
import { PipelineError } from '../../../domain/errors.ts';
import { canAsk, confirm } from '../../confirm.ts';
import type { CommandContext } from '../../context.ts';
import { EXIT } from '../../exit-codes.ts';
import { openScheduleStore } from '../../schedules/store.ts';

interface DeleteOptions {
  readonly yes?: boolean;
}

export function registerScheduleDelete(schedule: Command, { services, run }: CommandContext): void {
  schedule
    .command('delete <name>')
    .description('Remove a schedule. What it started goes on.')
    .option('--yes', 'do not ask')
    .addHelpText('after', '\nIt asks in a terminal; elsewhere it needs --yes.\n\nExample:\n  ml-pipeline schedule delete weather --yes')
    .action(
      run<DeleteOptions>(async (output, { yes = false }, [name = '']) => {
        const settings = await services.settings();
        return services.withTemporal(async (client) => {
          const store = openScheduleStore(client, settings);
          const { origin } = await store.find(name);
          if (!yes) {
            if (output.json || !canAsk()) throw new PipelineError('INVALID_INPUT', `The schedule ${name} would be removed; nothing was changed. Add --yes to agree.`);
            if (!(await confirm(`Remove the schedule ${name}?`))) return EXIT.refused;
          }
          await store.remove(name);
          const again = origin === 'declared' && Object.hasOwn(settings.schedules, name);
          output.result({ schedule: name, removed: true, declared: again }, [`Removed ${name}.`, ...(again ? ['The settings still declare it: the next `schedule apply` makes it again.'] : [])]);
          return EXIT.ok;
        });
      }),
    );
}
