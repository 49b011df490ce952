import type { Command } from 'commander';
import { backfillWorkflowId, materializeWorkflowId } from '../../temporal/workflow-ids.ts';
import { backfillFeaturesInput, materializeFeaturesInput, written } from '../../temporal/inputs.ts';
import type { CommandContext } from '../context.ts';
import { wholeNumber } from '../option-values.ts';
import { table } from '../output.ts';
import { checkedInput, runWorkflow } from './workflow-command.ts';

interface MaterializeOptions {
  readonly views?: readonly string[];
  readonly start?: string;
  readonly end?: string;
  readonly incremental?: boolean;
  readonly overlap?: number;
  readonly detach?: boolean;
}

interface BackfillOptions {
  readonly views?: readonly string[];
  readonly start: string;
  readonly end?: string;
  readonly window?: number;
  readonly parallel?: number;
  readonly detach?: boolean;
}

interface MaterializeResult {
  readonly views: readonly { readonly view: string; readonly written: number; readonly skipped: number; readonly start: string; readonly end: string; readonly since?: string; readonly wholeBecause?: string }[];
}

export function registerMaterialize(program: Command, { services, run }: CommandContext): void {
  program
    .command('materialize')
    .description('Copy the newest feature values from the warehouse to the online store.')
    .option('--views <name...>', 'feature views (default: all that are online)')
    .option('--incremental', 'only what came since the last materialization of each view')
    .option('--overlap <seconds>', 'how far before the last materialization an incremental one reads again (default: 600)', wholeNumber)
    .option('--start <instant>', 'first event timestamp (default: the end minus the ttl of the view)')
    .option('--end <instant>', 'last event timestamp (default: now)')
    .option('--detach', 'start it and return at once')
    .addHelpText('after', '\nExamples:\n  ml-pipeline materialize --views weather plane_stats\n  ml-pipeline materialize --incremental')
    .action(
      run<MaterializeOptions>(async (output, { views, start, end, incremental, overlap, detach }) => {
        const input = checkedInput(written(materializeFeaturesInput), given({ views, start, end, incremental, overlap_seconds: overlap }));
        const call = { type: 'materializeFeatures', workflowId: materializeWorkflowId(views ?? []), input, check: () => services.checkMaterialization(input), detach: detach === true };
        const followed = await runWorkflow<MaterializeResult>(services, output, call);
        if ('exitCode' in followed) return followed.exitCode;
        output.result(followed.result, viewLines(followed.result));
        return 0;
      }),
    );
  program
    .command('backfill')
    .description('Materialize a long window in windows of their own, the newest first.')
    .requiredOption('--start <instant>', 'first event timestamp')
    .option('--end <instant>', 'last event timestamp (default: now)')
    .option('--views <name...>', 'feature views (default: all that are online)')
    .option('--window <hours>', 'hours of each window (default: 24)', wholeNumber)
    .option('--parallel <n>', 'windows at work at once (default: 2)', wholeNumber)
    .option('--detach', 'start it and return at once')
    .addHelpText('after', '\nExample:\n  ml-pipeline backfill --views plane_stats --start 2025-01-01T00:00:00Z --window 168')
    .action(
      run<BackfillOptions>(async (output, { views, start, end, window, parallel, detach }) => {
        const input = checkedInput(written(backfillFeaturesInput), given({ views, start, end, window_hours: window, parallel }));
        const whole = given({ views: input.views, start: input.start, end: input.end });
        const call = { type: 'backfillFeatures', workflowId: backfillWorkflowId(views ?? []), input, check: () => services.checkMaterialization(whole), detach: detach === true };
        const followed = await runWorkflow<MaterializeResult>(services, output, call);
        if ('exitCode' in followed) return followed.exitCode;
        output.result(followed.result, viewLines(followed.result));
        return 0;
      }),
    );
}

/** The options that were given. */
function given(options: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function viewLines({ views }: MaterializeResult): readonly string[] {
  const rows = views.map(({ view, written, skipped, start, since = start, end }) => [view, written.toLocaleString('en-US'), skipped.toLocaleString('en-US'), since, end]);
  const notes = views.flatMap(({ view, wholeBecause }) => (wholeBecause === undefined ? [] : [`${view} was taken ${wholeBecause}`]));
  return [...table(['view', 'written', 'kept', 'from', 'to'], rows), ...notes];
}
