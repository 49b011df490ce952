import { WorkflowFailedError, type Client, type WorkflowHandle } from '@temporalio/client';
import type { Command } from 'commander';
import { deepestCause } from '../../../temporal/deepest-cause.ts';
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
          const runs = await Promise.all(found.description.info.recentActions.slice(-SHOWN_RUNS).reverse().map(({ scheduledAt, takenAt, action: { workflow } }) => outcomeOf(client, workflow).then((outcome) => ({ scheduled: instantText(scheduledAt), taken: instantText(takenAt), workflow_id: workflow.workflowId, ...outcome }))));
          output.result({ ...scheduleJson(found), recent: runs }, [...lines(found), ...(runs.length === 0 ? ['It has not run yet.'] : ['', ...table(['due', 'begun', 'workflow', 'status'], runs.map(({ why: _, ...one }) => Object.values(one))), ...runs.flatMap(({ workflow_id: id, why }) => (why === null ? [] : [`${id}: ${why}`]))])]);
        });
      }),
    );
}

/** `completed`, `running`, ...; `unknown` where the server has forgotten the run. `why`: of one that failed. */
async function outcomeOf(client: Client, { workflowId, firstExecutionRunId }: { readonly workflowId: string; readonly firstExecutionRunId: string }): Promise<{ readonly status: string; readonly why: string | null }> {
  const handle = client.workflow.getHandle(workflowId, firstExecutionRunId);
  const status = await handle.describe().then((described) => described.status.name.toLowerCase(), () => 'unknown');
  return { status, why: status === 'failed' ? await failureOf(handle) : null };
}

/** What made it fail; null where the server has forgotten that meanwhile. */
async function failureOf(handle: WorkflowHandle): Promise<string | null> {
  const error: unknown = await handle.result().then(() => undefined, (reason: unknown) => reason);
  const cause = error instanceof WorkflowFailedError ? deepestCause(error) : undefined;
  return cause instanceof Error ? cause.message : null;
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
