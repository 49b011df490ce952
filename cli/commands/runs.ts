import type { Command } from 'commander';
import type { TrackedRun } from '../../ports/experiment-tracker.ts';
import type { CommandContext } from '../context.ts';
import { table } from '../output.ts';
import { wholeNumber } from '../option-values.ts';

export function registerRuns(program: Command, { services, run }: CommandContext): void {
  const runs = program.command('runs').description('Training runs, as MLflow has them.');
  runs
    .command('list')
    .description('The newest runs.')
    .option('--experiment <name>', 'only runs of this experiment (a recipe name)')
    .option('--limit <count>', 'at most this many', wholeNumber, 20)
    .addHelpText('after', '\nExample:\n  ml-pipeline runs list --experiment flight_delay_random_forest')
    .action(
      run<{ readonly experiment?: string; readonly limit: number }>((output, { experiment, limit }) =>
        services.withPorts(async ({ tracker }) => {
          const found = await tracker.runs({ limit, ...(experiment === undefined ? {} : { experiment }) });
          output.result(found, table(['run', 'name', 'status', 'started', 'seconds', 'test metrics'], found.map(runRow)));
        }),
      ),
    );
  runs
    .command('show <run-id>')
    .description('One run: params, metrics, tags.')
    .addHelpText('after', '\nExample:\n  ml-pipeline runs show 4e1b132ec92f508b4ca610b123f6f728')
    .action(
      run((output, _, [runId = '']) =>
        services.withPorts(async ({ tracker }) => {
          const found = await tracker.run(runId);
          output.result(found, [
            `${found.name} (${found.runId}), ${found.status}`,
            ...section('metrics', found.metrics),
            ...section('params', found.params),
            ...section('tags', found.tags),
          ]);
        }),
      ),
    );
}

function runRow(run: TrackedRun): readonly string[] {
  const metrics = Object.entries(run.metrics).filter(([name]) => name.startsWith('test_')).map(([name, value]) => `${name.slice(5)} ${value.toFixed(4)}`);
  const seconds = run.endMillis === undefined ? '' : ((run.endMillis - run.startMillis) / 1000).toFixed(1);
  return [run.runId, run.name, run.status, new Date(run.startMillis).toISOString().slice(0, 19), seconds, metrics.join(' ')];
}

function section(title: string, values: Readonly<Record<string, string | number>>): readonly string[] {
  return ['', ...table([title, ''], Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => [`  ${name}`, String(value)]))];
}
