import { Option, type Command } from 'commander';
import { PipelineError } from '../../../domain/errors.ts';
import { formatInstant, MICROS_PER_SECOND, type Micros } from '../../../domain/instant.ts';
import { OVERLAPS, type Overlap } from '../../../domain/schedules/definition.ts';
import { dueTimes } from '../../../domain/schedules/cron-times.ts';
import type { ScheduleFacts } from '../../../domain/schedules/plan.ts';
import type { CommandContext } from '../../context.ts';
import { instant } from '../../option-values.ts';
import { counted } from '../../output.ts';
import { openScheduleStore, told } from '../../schedules/store.ts';
import { temporalOverlap } from '../../schedules/translate.ts';

interface BackfillOptions {
  readonly from: Micros;
  readonly to?: Micros;
  readonly overlap?: Overlap;
}

/** Temporal keeps a thousand runs waiting at most, and drops the rest without a word. */
const MOST_RUNS = 1000;

export function registerScheduleBackfill(schedule: Command, { services, run }: CommandContext): void {
  schedule
    .command('backfill <name>')
    .description('Take the runs of a time that has passed, now and one after the other.')
    .requiredOption('--from <instant>', 'first time, included', instant)
    .option('--to <instant>', 'last time, included (default: now)', instant)
    .addOption(new Option('--overlap <policy>', 'what to do with the runs while one is under way').choices(OVERLAPS).default('buffer_all'))
    .addHelpText('after', '\nEach run does what the schedule says, now: an incremental materialization takes everything since the last one, so that one run is enough (`schedule trigger`). To materialize a\nlong window of event timestamps, use `ml-pipeline backfill`.\n\nExample:\n  ml-pipeline schedule backfill weather --from 2026-11-20T00:00:00Z --to 2026-11-21T00:00:00Z')
    .action(
      run<BackfillOptions>(async (output, { from, to = Date.now() * 1000, overlap = 'buffer_all' }, [name = '']) => {
        const settings = await services.settings();
        await services.withTemporal(async (client) => {
          const { facts, handle } = await openScheduleStore(client, settings).find(name);
          const runs = countDue(facts, from, to);
          refuse(name, runs, from, to);
          // Temporal leaves the start out and takes the end in.
          const range = { start: new Date(Math.ceil(from / 1000) - 1), end: new Date(Math.floor(to / 1000)) };
          await told(() => handle.backfill({ ...range, overlap: temporalOverlap(overlap) }));
          output.result({ schedule: name, from: formatInstant(from), to: formatInstant(to), due: runs ?? null, overlap }, [`Asked for ${runs === undefined ? 'the runs' : counted(runs, 'run')} of ${name} (${overlap}); look with: ml-pipeline schedule describe ${name}`]);
        });
      }),
    );
}

/** undefined where the times were set elsewhere. */
function countDue({ times, timeZone }: ScheduleFacts, from: Micros, to: Micros): number | undefined {
  if (times === undefined) return undefined;
  let count = 0;
  for (const at of dueTimes(times, timeZone, Math.ceil(from / MICROS_PER_SECOND) - 1)) {
    if (at * MICROS_PER_SECOND > to || count > MOST_RUNS) break;
    count++;
  }
  return count;
}

function refuse(name: string, runs: number | undefined, from: Micros, to: Micros): void {
  const range = `from ${formatInstant(from)} to ${formatInstant(to)}`;
  if (to < from) throw new PipelineError('INVALID_INPUT', `--from and --to: nothing lies ${range}.`);
  if (to > Date.now() * 1000) throw new PipelineError('INVALID_INPUT', `--to is ${formatInstant(to)}, which is to come: the schedule itself takes that run.`);
  if (runs === 0) throw new PipelineError('INVALID_INPUT', `${name} had no run due ${range}.`);
  if (runs !== undefined && runs > MOST_RUNS) throw new PipelineError('INVALID_INPUT', `${name} had more than ${MOST_RUNS} runs due ${range}: Temporal keeps no more waiting. Take a shorter time.`);
}
