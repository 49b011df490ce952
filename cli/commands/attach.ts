import type { Command } from 'commander';
import { WorkflowNotFoundError } from '@temporalio/common';
import { PipelineError } from '../../domain/errors.ts';
import type { CommandContext } from '../context.ts';
import { followWorkflow } from '../follow-workflow.ts';
import type { ProjectSettings } from '../services.ts';
import { withWorker } from './workflow-command.ts';

export function registerAttach(program: Command, { services, run }: CommandContext): void {
  program
    .command('attach <workflow-id>')
    .description('Follow a workflow that was started before, to its end.')
    .addHelpText('after', '\nExample:\n  ml-pipeline attach train-models-classification-random_forest_classifier')
    .action(
      run(async (output, _, [workflowId = '']) =>
        services.withTemporal(async (client) => {
          const { temporal } = await services.settings();
          await client.workflow.getHandle(workflowId).describe().catch(refuseUnknown(`There is no workflow ${JSON.stringify(workflowId)}.`, temporal));
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
          const { temporal } = await services.settings();
          await client.workflow.getHandle(workflowId).cancel().catch(refuseUnknown(`There is no workflow ${JSON.stringify(workflowId)} that runs.`, temporal));
          output.result({ workflow_id: workflowId, cancel_requested: true }, [`Asked ${workflowId} to stop.`]);
        }),
      ),
    );
}

function refuseUnknown(message: string, { ui, namespace }: ProjectSettings['temporal']): (error: unknown) => never {
  return (error) => {
    if (error instanceof WorkflowNotFoundError) throw new PipelineError('NOT_FOUND', `${message} All that there are: ${ui}/namespaces/${namespace}/workflows`);
    throw error;
  };
}
