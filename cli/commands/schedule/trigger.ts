import { setTimeout as sleep } from 'node:timers/promises';
import { Option, type Command } from 'commander';
import { OVERLAPS, type Overlap } from '../../../domain/schedules/definition.ts';
import type { CommandContext } from '../../context.ts';
import { openScheduleStore, told, type ScheduleStore, type StoredSchedule } from '../../schedules/store.ts';
import { temporalOverlap } from '../../schedules/translate.ts';

interface TriggerOptions {
  readonly overlap?: Overlap;
}

/** A schedule does what it is told in a second or two. */
const WAIT_MS = 10_000;
const LOOK_MS = 200;

export function registerScheduleTrigger(schedule: Command, { services, run }: CommandContext): void {
  schedule
    .command('trigger <name>')
    .description('Start the workflow of a schedule now, also of a paused one, by its overlap policy or another.')
    .addOption(new Option('--overlap <policy>', 'what to do when a run is under way (default: what the schedule says)').choices(OVERLAPS))
    .addHelpText('after', '\nExample:\n  ml-pipeline schedule trigger nightly')
    .action(
      run<TriggerOptions>(async (output, { overlap }, [name = '']) => {
        const settings = await services.settings();
        await services.withTemporal(async (client) => {
          const store = openScheduleStore(client, settings);
          const before = await store.find(name);
          // Without a policy Temporal would let runs meet, and not count this one as under way.
          await told(() => before.handle.trigger(temporalOverlap(overlap ?? before.facts.overlap)));
          const { outcome, workflowId } = await outcomeOf(store, before);
          const said = { started: `Started ${workflowId}; follow it with: ml-pipeline attach ${workflowId}`, dropped: 'Not started: a run is under way, and the overlap policy drops this one.', waiting: 'It waits until the run that is under way has ended.' };
          output.result({ schedule: name, outcome, workflow_id: workflowId ?? null }, [said[outcome]]);
        });
      }),
    );
}

/** What became of a run that was asked for after `before`. */
async function outcomeOf(store: ScheduleStore, { name, description: { info } }: StoredSchedule): Promise<{ readonly outcome: 'started' | 'dropped' | 'waiting'; readonly workflowId?: string }> {
  const last = info.recentActions.at(-1)?.action.workflow.firstExecutionRunId;
  for (const end = Date.now() + WAIT_MS; Date.now() < end; await sleep(LOOK_MS)) {
    const { description: { info: now } } = await store.find(name);
    const newest = now.recentActions.at(-1)?.action.workflow;
    if (newest !== undefined && newest.firstExecutionRunId !== last) return { outcome: 'started', workflowId: newest.workflowId };
    if (now.numActionsSkippedOverlap > info.numActionsSkippedOverlap) return { outcome: 'dropped' };
  }
  return { outcome: 'waiting' };
}
