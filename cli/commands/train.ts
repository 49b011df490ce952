import type { Command } from 'commander';
import { trainWorkflowId } from '../../temporal/workflow-ids.ts';
import { trainModelInput, written } from '../../temporal/inputs.ts';
import type { CommandContext } from '../context.ts';
import { checkedInput, runWorkflow } from './workflow-command.ts';

interface TrainOptions {
  readonly recipeFile: string;
  readonly asOf?: string;
  readonly promote: boolean;
  readonly detach?: boolean;
}

/** The result of `trainModel`, as its workflow gives it. */
interface TrainResult {
  readonly runId: string;
  readonly modelUri: string;
  readonly alias: string | null;
  readonly promotion: string;
  readonly metrics: Readonly<Record<string, number>>;
  readonly rows: Readonly<Record<string, number>>;
}

export function registerTrain(program: Command, { services, run }: CommandContext): void {
  program
    .command('train')
    .description('Train a recipe: spine, features, model, MLflow run, registered version.')
    .requiredOption('--recipe-file <name>', 'recipe below recipes/, with or without .yaml')
    .option('--as-of <instant>', 'nothing later than this is read (such as 2026-11-23T10:00:00Z; default: now)')
    .option('--no-promote', 'register the version, but leave the alias where it is')
    .option('--detach', 'start it and return at once')
    .addHelpText('after', '\nExample:\n  ml-pipeline train --recipe-file models/classification/random_forest_classifier\n\nA training of the same recipe that runs already is joined, not started twice.')
    .action(
      run<TrainOptions>(async (output, options) => {
        const input = checkedInput(written(trainModelInput), { recipe: options.recipeFile, promote: options.promote, ...(options.asOf === undefined ? {} : { as_of: options.asOf }) });
        await services.withPorts(({ recipes }) => recipes.load(options.recipeFile)); // what the file alone tells is refused before any server is asked
        const call = { type: 'trainModel', workflowId: trainWorkflowId(options.recipeFile), input, check: () => services.checkTraining(input), detach: options.detach === true };
        const followed = await runWorkflow<TrainResult>(services, output, call);
        if ('exitCode' in followed) return followed.exitCode;
        output.result(followed.result, resultLines(followed.result));
        return 0;
      }),
    );
}

function resultLines({ runId, modelUri, alias, promotion, metrics, rows }: TrainResult): readonly string[] {
  return [
    `model      ${modelUri}${alias === null ? '' : ` (alias ${alias})`}`,
    `run        ${runId}`,
    `rows       ${Object.entries(rows).map(([part, count]) => `${part} ${count.toLocaleString('en-US')}`).join(', ')}`,
    `test       ${Object.entries(metrics).map(([name, value]) => `${name} ${value.toFixed(4)}`).join('  ')}`,
    `promotion  ${promotion}`,
  ];
}
