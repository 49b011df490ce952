import { Command } from 'commander';
import { registerAttach } from './commands/attach.ts';
import { registerCost } from './commands/cost/index.ts';
import { registerFeatures } from './commands/features/index.ts';
import { registerGc } from './commands/gc.ts';
import { registerLogs } from './commands/logs.ts';
import { registerMachine } from './commands/machine.ts';
import { registerMaterialize } from './commands/materialize.ts';
import { registerPredict } from './commands/predict.ts';
import { registerProcesses } from './commands/processes.ts';
import { registerRegistry } from './commands/registry.ts';
import { registerRuns } from './commands/runs.ts';
import { registerSchedule } from './commands/schedule/index.ts';
import { registerStack } from './commands/stack.ts';
import { registerTrain } from './commands/train.ts';
import { createCommandContext } from './context.ts';
import { EXIT } from './exit-codes.ts';
import type { Services } from './services.ts';

/** The `ml-pipeline` command. */
export function createProgram(services: Services, version: string): Command {
  const program = new Command('ml-pipeline');
  program
    .description('Durable ML pipelines: recipes in YAML, point-in-time features, MLflow and Feast formats, on Temporal.')
    .version(version)
    .option('--json', 'print the result as JSON, and nothing else on standard output')
    .showSuggestionAfterError()
    .showHelpAfterError('(--help shows the options and an example)')
    .addHelpText('after', `\nExample:\n  ml-pipeline train --recipe-file models/classification/random_forest_classifier\n\nExit codes: ${EXIT.ok} done, ${EXIT.failed} the work failed, ${EXIT.refused} refused before it began, ${EXIT.unavailable} a server does not answer, ${EXIT.interrupted} Ctrl-C.`)
    .exitOverride((error) => process.exit(error.exitCode === 0 ? EXIT.ok : EXIT.refused));
  const context = createCommandContext(services);
  for (const register of [registerMachine, registerStack, registerFeatures, registerRegistry, registerTrain, registerMaterialize, registerSchedule, registerAttach, registerRuns, registerProcesses, registerPredict, registerGc, registerLogs, registerCost]) register(program, context);
  for (const command of allCommands(program)) command.option('--json', 'print the result as JSON').copyInheritedSettings(program);
  return program;
}

function allCommands(program: Command): readonly Command[] {
  return program.commands.flatMap((command) => [command, ...allCommands(command)]);
}
