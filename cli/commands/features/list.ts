import type { Command } from 'commander';
import type { FeatureService, OnDemandFeatureView } from '../../../domain/features/definitions.ts';
import type { RegistryContents } from '../../../ports/feature-registry.ts';
import type { CommandContext } from '../../context.ts';
import { table } from '../../output.ts';
import { lastMaterialized, onlineText, projectionText, ttlText } from './view-text.ts';

export function registerList(features: Command, { services, run }: CommandContext): void {
  features
    .command('list')
    .description('What the registry holds: views, services, data sources, and what another program wrote there that cannot be used here.')
    .addHelpText('after', '\nExample:\n  ml-pipeline features list')
    .action(
      run((output) =>
        services.withPorts(async ({ featureRegistry }) => {
          const contents = await featureRegistry.contents();
          const { entities, views, featureServices, onDemandFeatureViews = [], dataSources, unusable } = contents;
          output.result({ entities, feature_views: views, feature_services: featureServices, on_demand_feature_views: onDemandFeatureViews, data_sources: dataSources, unusable }, lines(contents));
        }),
      ),
    );
}

function lines({ views, featureServices, onDemandFeatureViews = [], dataSources, unusable }: RegistryContents): readonly string[] {
  const viewRows = views.map((registered) => {
    const { view, materializationIntervals } = registered;
    return [view.name, view.entities.join(', '), String(view.features.length), ttlText(view.ttlSeconds), view.source.name, view.pushSource?.name ?? '', onlineText(registered), lastMaterialized(materializationIntervals)];
  });
  const blocks = [
    table(['feature view', 'entities', 'features', 'ttl', 'source', 'push source', 'online', 'materialized to'], viewRows),
    ...(onDemandFeatureViews.length === 0 ? [] : [table(['on-demand feature view', 'computed from', 'features', 'function'], onDemandFeatureViews.map(onDemandRow))]),
    table(['feature service', 'feature views'], featureServices.map((service) => [service.name, partsText(service)])),
    table(['data source', 'kind', 'table', 'description'], dataSources.map(({ name, kind, table: name_, description }) => [name, kind, name_ ?? '', description])),
    ...(unusable.length === 0 ? [] : [table(['cannot be used here', 'kind', 'why'], unusable.map(({ name, kind, reason }) => [name, kind, reason]))]),
  ];
  return blocks.flatMap((block, index) => (index === 0 ? block : ['', ...block]));
}

function onDemandRow({ name, inputs, request, asOf = false, features, bundle }: OnDemandFeatureView): string[] {
  const sources = [...inputs.map(({ view }) => view), ...request.map((column) => `${column.name} (request)`), ...(asOf ? ['as_of'] : [])];
  return [name, sources.join(', '), String(features.length), bundle?.sha256.slice(0, 12) ?? ''];
}

function partsText({ features }: FeatureService): string {
  return features.map(projectionText).join(', ');
}
