import type { Command } from 'commander';
import type { CommandContext } from '../../context.ts';
import { counted } from '../../output.ts';
import { checkedRepository } from './checked-repository.ts';

export function registerValidate(features: Command, { services, run }: CommandContext): void {
  features
    .command('validate')
    .description('Check the definitions of feature_repo/ against the tables, and change nothing.')
    .addHelpText('after', '\nExample:\n  ml-pipeline features validate --json')
    .action(
      run((output) =>
        services.withPorts(async (ports) => {
          const { entities, featureViews, featureServices } = await checkedRepository(ports);
          const counts = { entities: entities.length, feature_views: featureViews.length, feature_services: featureServices.length };
          output.result({ valid: true, ...counts }, [`${counted(counts.entities, 'entity', 'entities')}, ${counted(counts.feature_views, 'feature view')} and ${counted(counts.feature_services, 'feature service')} fit their tables.`]);
        }),
      ),
    );
}
