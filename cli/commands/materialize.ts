import type { Command } from 'commander';
import { materializeWorkflowId } from '../../temporal/workflow-ids.ts';
import { materializeFeaturesInput } from '../../temporal/inputs.ts';
import type { CommandContext } from '../context.ts';
import { table } from '../output.ts';
import { checkedInput, runWorkflow } from './workflow-command.ts';

interface MaterializeOptions {
  readonly views?: readonly string[];
  readonly start?: string;
  readonly end?: string;
  readonly detach?: boolean;
}

interface MaterializeResult {
  readonly views: readonly { readonly view: string; readonly written: number; readonly skipped: number; readonly start: string; readonly end: string }[];
}

export function registerMaterialize(program: Command, { services, run }: CommandContext): void {
  program
    .command('materialize')
    .description('Copy the newest feature values from the warehouse to the online store.')
    .option('--views <name...>', 'feature views (default: all that are online)')
    .option('--start <instant>', 'first event timestamp (default: the end minus the ttl of the view)')
    .option('--end <instant>', 'last event timestamp (default: now)')
    .option('--detach', 'start it and return at once')
    .addHelpText('after', '\nExample:\n  ml-pipeline materialize --views weather plane_stats')
    .action(
      run<MaterializeOptions>(async (output, { views, start, end, detach }) => {
        const input = checkedInput(materializeFeaturesInput, { ...(views === undefined ? {} : { views }), ...(start === undefined ? {} : { start }), ...(end === undefined ? {} : { end }) });
        const followed = await runWorkflow<MaterializeResult>(services, output, { type: 'materializeFeatures', workflowId: materializeWorkflowId(views ?? []), input, detach: detach === true });
        if ('exitCode' in followed) return followed.exitCode;
        const rows = followed.result.views.map((view) => [view.view, view.written.toLocaleString('en-US'), view.skipped.toLocaleString('en-US'), view.start, view.end]);
        output.result(followed.result, table(['view', 'written', 'kept', 'from', 'to'], rows));
        return 0;
      }),
    );
}
