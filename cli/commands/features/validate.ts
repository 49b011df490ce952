import type { Command } from 'commander';
import type { CommandContext } from '../../context.ts';
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
          output.result({ valid: true, ...counts }, [`${counts.entities} entities, ${counts.feature_views} feature views and ${counts.feature_services} feature services fit their tables.`]);
        }),
      ),
    );
}
