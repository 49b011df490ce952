import { Command } from 'commander';
import { createCommandContext, type CommandContext } from './context.ts';
import { EXIT } from './exit-codes.ts';
import type { Services } from './services.ts';

type Register = (program: Command, context: CommandContext) => void;

/** Modules of commands: the first words that each knows, and how it is loaded. In the order of `--help`. */
const MODULES: readonly { readonly words: readonly string[]; readonly load: () => Promise<Register> }[] = [
  { words: ['doctor', 'data', 'init'], load: async () => (await import('./commands/machine.ts')).registerMachine },
  { words: ['stack'], load: async () => (await import('./commands/stack.ts')).registerStack },
  { words: ['features'], load: async () => (await import('./commands/features/index.ts')).registerFeatures },
  { words: ['registry'], load: async () => (await import('./commands/registry.ts')).registerRegistry },
  { words: ['train'], load: async () => (await import('./commands/train.ts')).registerTrain },
  { words: ['materialize', 'backfill'], load: async () => (await import('./commands/materialize.ts')).registerMaterialize },
  { words: ['schedule'], load: async () => (await import('./commands/schedule/index.ts')).registerSchedule },
  { words: ['attach', 'cancel'], load: async () => (await import('./commands/attach.ts')).registerAttach },
  { words: ['runs'], load: async () => (await import('./commands/runs.ts')).registerRuns },
  { words: ['worker', 'serve', 'mlflow'], load: async () => (await import('./commands/processes.ts')).registerProcesses },
  { words: ['predict'], load: async () => (await import('./commands/predict.ts')).registerPredict },
  { words: ['gc'], load: async () => (await import('./commands/gc.ts')).registerGc },
  { words: ['logs'], load: async () => (await import('./commands/logs.ts')).registerLogs },
  { words: ['cost'], load: async () => (await import('./commands/cost/index.ts')).registerCost },
];

/**
 * The `ml-pipeline` command, for these arguments: where they begin with a command's name, of that command's module alone, so that `serve` does not wait for what others need
 * (Temporal's client takes a third of a second on one core). Else, for `--help` and for what is misspelt, of all.
 */
export async function createProgram(services: Services, version: string, args: readonly string[]): Promise<Command> {
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
  for (const register of await Promise.all(modulesFor(args).map(({ load }) => load()))) register(program, context);
  for (const command of allCommands(program)) command.option('--json', 'print the result as JSON').copyInheritedSettings(program);
  return program;
}

function allCommands(program: Command): readonly Command[] {
  return program.commands.flatMap((command) => [command, ...allCommands(command)]);
}

function modulesFor(args: readonly string[]): typeof MODULES {
  const first = args.find((arg) => arg !== '--json');
  const named = MODULES.filter(({ words }) => first !== undefined && words.includes(first));
  return named.length > 0 ? named : MODULES;
}
