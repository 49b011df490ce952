import type { Command } from 'commander';
import { estimateCost } from '../../../domain/cost/estimate.ts';
import { runsPerMonth } from '../../../domain/cost/runs-per-month.ts';
import { dollars, repeatable, wholeNumber } from '../../option-values.ts';
import type { CommandContext } from '../../context.ts';
import { EXIT } from '../../exit-codes.ts';
import { chosenSchedules, plainRecipe } from './schedules.ts';
import { estimateJson, estimateLines, noteLines } from './text.ts';

interface EstimateOptions {
  readonly recipeFile: string;
  readonly schedule?: readonly string[];
  readonly assumptions?: string;
  readonly predictionsPerMonth?: number;
  readonly trainingBytes?: number;
  readonly materializationBytes?: number;
  readonly onlineKeys?: number;
  readonly budget?: number;
  readonly measure?: boolean;
}

export function registerCostEstimate(cost: Command, { services, run }: CommandContext): void {
  cost
    .command('estimate')
    .description('The monthly cost of one recipe by service, from the price file, with the working shown. Asks no server, unless told to measure. Exit code 1 when it is over the budget.')
    .requiredOption('--recipe-file <name>', 'recipe below recipes/, with or without .yaml')
    .option('--schedule <schedule>', 'a declared schedule by name, or workflow=cron such as "trainModel=@weekly"; repeatable (default: all that are declared)', repeatable)
    .option('--assumptions <file>', 'YAML file with what is taken for granted (docs/cost.md)')
    .option('--predictions-per-month <number>', 'predictions that the API makes', wholeNumber)
    .option('--training-bytes <bytes>', 'bytes that BigQuery processes for one training', wholeNumber)
    .option('--materialization-bytes <bytes>', 'bytes that BigQuery processes for one materialization', wholeNumber)
    .option('--measure', 'ask BigQuery by dry runs, which are free, how many bytes a training and a materialization process')
    .option('--online-keys <number>', 'entities in the online store', wholeNumber)
    .option('--budget <dollars>', 'US dollars that the recipe may cost in a month', dollars)
    .addHelpText('after', '\nExample:\n  ml-pipeline cost estimate --recipe-file models/classification/random_forest_classifier --schedule "trainModel=@weekly" --schedule "materializeFeatures=0 */6 * * *"')
    .action(
      run<EstimateOptions>(async (output, options) => {
        const basis = await services.costBasis(options.recipeFile, options.assumptions);
        const recipe = plainRecipe(options.recipeFile);
        const schedules = chosenSchedules(options.schedule, basis.schedules, recipe);
        const measured = options.measure === true ? await services.measureBytes(options.recipeFile) : undefined;
        const assumptions = { ...basis.assumptions, ...(measured === undefined ? {} : { training_bytes: measured.training, materialization_bytes: measured.materialization }), ...given(options) };
        const runs = runsPerMonth(schedules, recipe, Date.parse(basis.prices.as_of) / 1000);
        const estimate = estimateCost(basis.prices, { recipe, features: basis.features, runs, assumptions });
        for (const line of noteLines(estimate, basis.prices, schedules.length, Date.now())) output.note(line);
        output.result(estimateJson(estimate), estimateLines(estimate));
        return estimate.budgetUsd !== undefined && estimate.totalUsd > estimate.budgetUsd ? EXIT.failed : EXIT.ok;
      }),
    );
}

/** Options go before the file. */
function given({ predictionsPerMonth, trainingBytes, materializationBytes, onlineKeys, budget }: EstimateOptions): object {
  const values = { predictions: predictionsPerMonth, training_bytes: trainingBytes, materialization_bytes: materializationBytes, online_keys: onlineKeys, budget };
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
