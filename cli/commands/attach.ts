import type { Command } from 'commander';
import { WorkflowNotFoundError } from '@temporalio/common';
import { PipelineError } from '../../domain/errors.ts';
import type { CommandContext } from '../context.ts';
import { followWorkflow } from '../follow-workflow.ts';
import { withWorker } from './workflow-command.ts';

export function registerAttach(program: Command, { services, run }: CommandContext): void {
  program
    .command('attach <workflow-id>')
    .description('Follow a workflow that was started before, to its end.')
    .addHelpText('after', '\nExample:\n  ml-pipeline attach train-models-classification-random_forest_classifier')
    .action(
      run(async (output, _, [workflowId = '']) =>
        services.withTemporal(async (client) => {
          await client.workflow.getHandle(workflowId).describe().catch(refuseUnknown(workflowId));
          const followed = await withWorker(services, client, workflowId, output, (workerHere) => followWorkflow<object>(client, workflowId, output, workerHere));
          if ('exitCode' in followed) return followed.exitCode;
          output.result(followed.result, [JSON.stringify(followed.result, null, 2)]);
          return 0;
        }),
      ),
    );
  program
    .command('cancel <workflow-id>')
    .description('Ask a running workflow to stop; it cleans up after itself.')
    .addHelpText('after', '\nExample:\n  ml-pipeline cancel train-models-classification-random_forest_classifier')
    .action(
      run(async (output, _, [workflowId = '']) =>
        services.withTemporal(async (client) => {
          await client.workflow.getHandle(workflowId).cancel().catch(refuseUnknown(workflowId));
          output.result({ workflow_id: workflowId, cancel_requested: true }, [`Asked ${workflowId} to stop.`]);
        }),
      ),
    );
}

function refuseUnknown(workflowId: string): (error: unknown) => never {
  return (error) => {
    if (error instanceof WorkflowNotFoundError) throw new PipelineError('NOT_FOUND', `There is no workflow ${JSON.stringify(workflowId)} that can be told so. \`temporal workflow list\` shows what there is.`);
    throw error;
  };
}
