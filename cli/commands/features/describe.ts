import type { Command } from 'commander';
import type { OnDemandFeatureView } from '../../../domain/features/definitions.ts';
import { missingViewError } from '../../../domain/features/missing-view.ts';
import { formatInstant } from '../../../domain/instant.ts';
import type { RegisteredView } from '../../../ports/feature-registry.ts';
import type { CommandContext } from '../../context.ts';
import { counted, table } from '../../output.ts';
import { lastMaterialized, onlineText, ttlText } from './view-text.ts';

export function registerDescribe(features: Command, { services, run }: CommandContext): void {
  features
    .command('describe <feature-view>')
    .description('One feature view of the registry, whole; also one whose features are computed on demand.')
    .addHelpText('after', '\nExample:\n  ml-pipeline features describe weather')
    .action(
      run((output, _, [name = '']) =>
        services.withPorts(async ({ featureRegistry }) => {
          const contents = await featureRegistry.contents();
          const computed = contents.onDemandFeatureViews?.find((view) => view.name === name);
          if (computed !== undefined) return output.result(computed, describeOnDemand(computed));
          const found = contents.views.find(({ view }) => view.name === name);
          if (found === undefined) throw missingViewError(contents, name);
          output.result(found, describeView(found));
        }),
      ),
    );
}

function describeOnDemand({ name, description, inputs, request, asOf = false, owner, features, module, bundle }: OnDemandFeatureView): readonly string[] {
  const given = [...request.map((column) => `${column.name} (${column.type})`), ...(asOf ? ['as_of'] : [])];
  return [
    `${name}${description === undefined ? '' : `: ${description}`}`,
    `  computed from ${inputs.flatMap((input) => input.features?.map((feature) => `${input.view}:${feature}`) ?? [input.view]).join(', ') || 'no stored feature'}`,
    `  request       ${given.join(', ') || 'nothing'}`,
    `  function      ${module} (${bundle?.sha256.slice(0, 12) ?? 'not bundled'})`,
    `  owner         ${owner ?? 'none'}`,
    ...table(['  feature', 'type', 'description'], features.map((feature) => [`  ${feature.name}`, feature.type, feature.description ?? ''])),
  ];
}

function describeView(registered: RegisteredView): readonly string[] {
  const { view, createdMicros, updatedMicros, materializationIntervals } = registered;
  const { source } = view;
  return [
    `${view.name}${view.description === undefined ? '' : `: ${view.description}`}`,
    `  entities      ${view.entities.join(', ')}`,
    `  source        ${source.name}: ${source.table} (event ${source.timestampField}, created ${source.createdTimestampColumn ?? 'none'})`,
    ...(source.deletedColumn === undefined ? [] : [`  deleted       rows where ${source.deletedColumn} is true`]),
    ...(source.latenessSeconds === undefined ? [] : [`  lateness      ${ttlText(source.latenessSeconds)}`]),
    ...(view.pushSource === undefined ? [] : [`  push source   ${view.pushSource.name}`]),
    `  ttl           ${ttlText(view.ttlSeconds)}`,
    `  owner         ${view.owner ?? 'none'}`,
    `  tags          ${Object.entries(view.tags ?? {}).map(([key, value]) => `${key}=${value}`).join(', ') || 'none'}`,
    `  applied       ${formatInstant(createdMicros)}, changed ${formatInstant(updatedMicros)}`,
    `  online        ${onlineText(registered)}`,
    `  materialized  ${lastMaterialized(materializationIntervals)} (${counted(materializationIntervals.length, 'interval')})`,
    ...table(['  feature', 'type', 'description'], view.features.map(({ name, type, description }) => [`  ${name}`, type, description ?? ''])),
  ];
}
