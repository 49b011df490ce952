import type { Command } from 'commander';
import type { CommandContext } from '../../context.ts';
import { table } from '../../output.ts';
import { lastMaterialized, ttlText } from './view-text.ts';

export function registerList(features: Command, { services, run }: CommandContext): void {
  features
    .command('list')
    .description('What the registry holds.')
    .addHelpText('after', '\nExample:\n  ml-pipeline features list')
    .action(
      run((output) =>
        services.withPorts(async ({ featureRegistry }) => {
          const views = await featureRegistry.featureViews();
          const featureServices = await featureRegistry.featureServices();
          const rows = views.map(({ view, materializationIntervals }) => [view.name, view.entities.join(', '), String(view.features.length), ttlText(view.ttlSeconds), lastMaterialized(materializationIntervals)]);
          const serviceRows = featureServices.map((service) => [service.name, service.features.map(({ view }) => view).join(', ')]);
          output.result({ feature_views: views, feature_services: featureServices }, [...table(['feature view', 'entities', 'features', 'ttl', 'materialized to'], rows), '', ...table(['feature service', 'feature views'], serviceRows)]);
        }),
      ),
    );
}
