import type { Command } from 'commander';
import type { ApplyPlan } from '../../../ports/feature-registry.ts';
import type { CommandContext } from '../../context.ts';
import { table } from '../../output.ts';
import { checkedRepository } from './checked-repository.ts';

export function registerApply(features: Command, { services, run }: CommandContext): void {
  features
    .command('apply')
    .description('Check the definitions against the tables and make the registry equal to them, in one transaction.')
    .option('--dry-run', 'only say what would change')
    .addHelpText('after', '\nExample:\n  ml-pipeline features apply --dry-run')
    .action(
      run<{ readonly dryRun?: boolean }>((output, { dryRun }) =>
        services.withPorts(async (ports) => {
          const repository = await checkedRepository(ports);
          const plan = dryRun === true ? await ports.featureRegistry.plan(repository) : await ports.featureRegistry.apply(repository);
          output.result({ ...plan, applied: dryRun !== true }, planLines(plan, dryRun === true));
        }),
      ),
    );
}

function planLines({ changes, unchanged }: ApplyPlan, dryRun: boolean): readonly string[] {
  const rows = changes.map(({ action, kind, name, detail }) => [action, kind, name, detail]);
  const summary = `${changes.length} ${dryRun ? 'to change' : 'changed'}, ${unchanged} unchanged`;
  return changes.length === 0 ? [summary] : [...table(['action', 'kind', 'name', 'detail'], rows), summary];
}
