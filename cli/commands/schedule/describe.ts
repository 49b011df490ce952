import type { Client } from '@temporalio/client';
import type { Command } from 'commander';
import type { CommandContext } from '../../context.ts';
import { counted, table } from '../../output.ts';
import { openScheduleStore, type StoredSchedule } from '../../schedules/store.ts';
import { instantText, scheduleJson, whenLines } from '../../schedules/text.ts';

const SHOWN_RUNS = 10;

export function registerScheduleDescribe(schedule: Command, { services, run }: CommandContext): void {
  schedule
    .command('describe <name>')
    .description('What a schedule starts and when, its last runs and its next ones.')
    .addHelpText('after', '\nExample:\n  ml-pipeline schedule describe nightly')
    .action(
      run(async (output, _, [name = '']) => {
        const settings = await services.settings();
        await services.withTemporal(async (client) => {
          const found = await openScheduleStore(client, settings).find(name);
          const runs = await Promise.all(found.description.info.recentActions.slice(-SHOWN_RUNS).reverse().map(({ scheduledAt, takenAt, action: { workflow } }) => statusOf(client, workflow).then((status) => ({ scheduled: instantText(scheduledAt), taken: instantText(takenAt), workflow_id: workflow.workflowId, status }))));
          output.result({ ...scheduleJson(found), recent: runs }, [...lines(found), ...(runs.length === 0 ? ['It has not run yet.'] : ['', ...table(['due', 'begun', 'workflow', 'status'], runs.map((one) => Object.values(one)))])]);
        });
      }),
    );
}

/** `completed`, `running`, ...; `unknown` where the server has forgotten the run. */
async function statusOf(client: Client, { workflowId, firstExecutionRunId }: { readonly workflowId: string; readonly firstExecutionRunId: string }): Promise<string> {
  return client.workflow.getHandle(workflowId, firstExecutionRunId).describe().then(({ status }) => status.name.toLowerCase(), () => 'unknown');
}

function lines(found: StoredSchedule): readonly string[] {
  const { name, origin, facts, description: { info } } = found;
  return [
    `schedule     ${name}, ${origin === 'declared' ? 'declared in the settings' : 'made by `schedule create`'}`,
    ...(facts.description === '' ? [] : [`for          ${facts.description}`]),
    `starts       ${facts.workflow} ${JSON.stringify(facts.input)} on ${facts.taskQueue}`,
    ...whenLines(found),
    `on failure   ${facts.pauseOnFailure ? 'it pauses' : 'it goes on'}`,
    `so far       ${counted(info.numActionsTaken, 'run')}, ${info.numActionsSkippedOverlap} dropped by overlap, ${info.numActionsMissedCatchupWindow} missed`,
  ];
}
