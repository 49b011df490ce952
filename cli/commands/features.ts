import type { Command } from 'commander';
import { formatInstant } from '../../domain/instant.ts';
import { PipelineError, refuseProblems } from '../../domain/errors.ts';
import type { FeatureRepository } from '../../domain/features/definitions.ts';
import { sourceTables, tableProblems, type DescribedColumn } from '../../domain/features/validate-tables.ts';
import { suggestion } from '../../domain/nearest.ts';
import type { ApplyPlan, RegisteredView } from '../../ports/feature-registry.ts';
import type { Ports } from '../../ports/ports.ts';
import type { CommandContext } from '../context.ts';
import { table } from '../output.ts';

export function registerFeatures(program: Command, { services, run }: CommandContext): void {
  const features = program.command('features').description('Feature definitions: the files of feature_repo/, the registry, and the tables behind them.');
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

/** The definitions, refused with every problem when they do not fit the tables. */
async function checkedRepository({ featureRepository, warehouse }: Ports): Promise<FeatureRepository> {
  const repository = await featureRepository.load();
  const tables = new Map<string, readonly DescribedColumn[]>();
  for (const name of sourceTables(repository)) {
    const columns = await warehouse.describeTable(name).catch(absentTable);
    if (columns !== undefined) tables.set(name, columns);
  }
  refuseProblems('INVALID_DEFINITION', 'The feature definitions do not fit their tables; nothing was changed.', tableProblems(repository, tables));
  return repository;
}

/** A table that does not exist is reported with the other problems. */
function absentTable(error: unknown): undefined {
  if (error instanceof PipelineError && error.code === 'NOT_FOUND') return undefined;
  throw error;
}

function planLines({ changes, unchanged }: ApplyPlan, dryRun: boolean): readonly string[] {
  const rows = changes.map(({ action, kind, name, detail }) => [action, kind, name, detail]);
  const summary = `${changes.length} ${dryRun ? 'to change' : 'changed'}, ${unchanged} unchanged`;
  return changes.length === 0 ? [summary] : [...table(['action', 'kind', 'name', 'detail'], rows), summary];
}

const ttlText = (seconds: number | null): string => (seconds === null ? 'none' : seconds % 86_400 === 0 ? `${seconds / 86_400} d` : seconds % 3600 === 0 ? `${seconds / 3600} h` : `${seconds} s`);

function lastMaterialized(intervals: RegisteredView['materializationIntervals']): string {
  return intervals.length === 0 ? 'never' : formatInstant(Math.max(...intervals.map(({ endMicros }) => endMicros)));
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
