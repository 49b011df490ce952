import type { Command } from 'commander';
import type { CommandContext } from '../../context.ts';
import { table } from '../../output.ts';
import { openScheduleStore } from '../../schedules/store.ts';
import { durationText, instantText, scheduleJson, subjectText } from '../../schedules/text.ts';

export function registerScheduleList(schedule: Command, { services, run }: CommandContext): void {
  schedule
    .command('list')
    .description('The schedules of this project.')
    .addHelpText('after', '\nOne that was made a moment ago may be missing: `schedule describe` knows it at once.\n\nExample:\n  ml-pipeline schedule list')
    .action(
      run(async (output) => {
        const settings = await services.settings();
        const found = await services.withTemporal((client) => openScheduleStore(client, settings).list());
        const rows = found.map((one) => {
          const { facts, description: { info } } = one;
          const last = info.recentActions.at(-1)?.takenAt;
          return [one.name, one.paused ? 'paused' : 'active', facts.cron, facts.timeZone, facts.workflow, subjectText(facts), facts.overlap, durationText(facts.catchupSeconds), instantText(last), one.paused ? '-' : instantText(info.nextActionTimes[0])];
        });
        const none = ['There is no schedule. Make one with `ml-pipeline schedule create`, or declare some in config/environments and run `ml-pipeline schedule apply`.'];
        output.result(found.map(scheduleJson), rows.length === 0 ? none : table(['schedule', 'state', 'cron', 'time zone', 'workflow', 'of', 'overlap', 'catch-up', 'last', 'next'], rows));
      }),
    );
}
