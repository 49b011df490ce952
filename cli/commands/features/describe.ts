import type { Command } from 'commander';
import { PipelineError } from '../../../domain/errors.ts';
import { formatInstant } from '../../../domain/instant.ts';
import { suggestion } from '../../../domain/nearest.ts';
import type { RegisteredView } from '../../../ports/feature-registry.ts';
import type { CommandContext } from '../../context.ts';
import { table } from '../../output.ts';
import { lastMaterialized, ttlText } from './view-text.ts';

export function registerDescribe(features: Command, { services, run }: CommandContext): void {
  features
    .command('describe <feature-view>')
    .description('One feature view of the registry, whole.')
    .addHelpText('after', '\nExample:\n  ml-pipeline features describe weather')
    .action(
      run((output, _, [name = '']) =>
        services.withPorts(async ({ featureRegistry }) => {
          const views = await featureRegistry.featureViews();
          const found = views.find(({ view }) => view.name === name);
          if (found === undefined) throw new PipelineError('NOT_FOUND', `The registry has no feature view ${JSON.stringify(name)}. ${suggestion(name, views.map(({ view }) => view.name))}`);
          output.result(found, describeView(found));
        }),
      ),
    );
}

function describeView({ view, createdMicros, updatedMicros, materializationIntervals }: RegisteredView): readonly string[] {
  return [
    `${view.name}${view.description === undefined ? '' : `: ${view.description}`}`,
    `  entities      ${view.entities.join(', ')}`,
    `  source        ${view.source.table} (event ${view.source.timestampField}, created ${view.source.createdTimestampColumn ?? 'none'})`,
    `  ttl           ${ttlText(view.ttlSeconds)}`,
    `  owner         ${view.owner ?? 'none'}`,
    `  tags          ${Object.entries(view.tags ?? {}).map(([key, value]) => `${key}=${value}`).join(', ') || 'none'}`,
    `  applied       ${formatInstant(createdMicros)}, changed ${formatInstant(updatedMicros)}`,
    `  materialized  ${lastMaterialized(materializationIntervals)} (${materializationIntervals.length} intervals)`,
    ...table(['  feature', 'type', 'description'], view.features.map(({ name, type, description }) => [`  ${name}`, type, description ?? ''])),
  ];
}
