import type { Command } from 'commander';
import { formatProblem, PipelineError, type Problem } from '../../../domain/errors.ts';
import type { FeatureRepository } from '../../../domain/features/definitions.ts';
import { onDemandDifferences, servedModelProblems, unreadableModelProblems } from '../../../domain/features/served-models.ts';
import type { ApplyPlan, WritersPatience } from '../../../ports/feature-registry.ts';
import type { Ports } from '../../../ports/ports.ts';
import { canAsk, confirm } from '../../confirm.ts';
import type { CommandContext } from '../../context.ts';
import { EXIT, type ExitCode } from '../../exit-codes.ts';
import { waitingTime } from '../../option-values.ts';
import { counted, table, type Output } from '../../output.ts';
import { refuseShortKeyTtl } from '../../schedules/check.ts';
import { checkedRepository } from './checked-repository.ts';
import { readServedModels } from './served-models.ts';

interface ApplyOptions {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly force?: boolean;
  /** Milliseconds. */
  readonly timeout?: number;
}

/** A slice of a materialization is done in less than a minute; the next one waits for us. */
const PATIENCE_MS = 120_000;

export function registerApply(features: Command, { services, run }: CommandContext): void {
  features
    .command('apply')
    .description('Check the definitions against the tables and make the registry equal to them, in one transaction.')
    .option('--dry-run', 'only say what would change, as `features plan` does')
    .option('--yes', 'do not ask before something is removed')
    .option('--force', 'apply also what a served model would miss')
    .option('--timeout <time>', 'how long to wait for rows that are being written where values go, such as 30s or 10m (default: 2m)', waitingTime)
    .addHelpText('after', '\nWhat only adds or changes definitions is applied at once. What removes one, or values from the online store, is asked about in a terminal; elsewhere it needs --yes.\n\nExample:\n  ml-pipeline features apply --dry-run')
    .action(
      run<ApplyOptions>(async (output, options) => {
        await refuseShortKeyTtl(services);
        const { apiModel } = await services.settings();
        return services.withPorts((ports) => (options.dryRun === true ? showPlan(output, ports, apiModel) : apply(output, { ports, apiModel }, options)));
      }),
    );
  features
    .command('plan')
    .description('Say what `apply` would change, in the registry and in the online store, and whether a served model would miss something.')
    .addHelpText('after', '\nThe exit code is 2 when `apply` would refuse.\n\nExample:\n  ml-pipeline features plan --json')
    .action(
      run(async (output) => {
        await refuseShortKeyTtl(services);
        const { apiModel } = await services.settings();
        return services.withPorts((ports) => showPlan(output, ports, apiModel));
      }),
    );
}

interface Reviewed {
  readonly repository: FeatureRepository;
  readonly plan: ApplyPlan;
  /** What served models would miss. */
  readonly breaks: readonly Problem[];
}

async function review(output: Output, ports: Ports, apiModel: string): Promise<Reviewed> {
  const repository = await checkedRepository(ports);
  const plan = await ports.featureRegistry.plan(repository);
  if (plan.changes.length === 0 && (repository.onDemandFeatureViews ?? []).length === 0) return { repository, plan, breaks: [] };
  const { models, unreadable } = await readServedModels(ports, apiModel);
  for (const difference of onDemandDifferences(models, repository)) output.note(`Note: ${difference}.`);
  if (plan.changes.length === 0 || models.length + unreadable.length === 0) return { repository, plan, breaks: [] };
  const before = await ports.featureRegistry.contents();
  return { repository, plan, breaks: [...servedModelProblems(models, before, repository), ...unreadableModelProblems(unreadable, before, repository)] };
}

async function showPlan(output: Output, ports: Ports, apiModel: string): Promise<ExitCode> {
  const { plan, breaks } = await review(output, ports, apiModel);
  const refusal = breaks.length === 0 ? [] : ['Served models would miss something, or may; `apply` refuses, unless it is given --force:', ...breaks.map(formatProblem)];
  output.result({ ...plan, breaks, applied: false }, [...planLines(plan), summary(plan, 'to change'), ...refusal]);
  return breaks.length === 0 ? EXIT.ok : EXIT.refused;
}

async function apply(output: Output, { ports, apiModel }: { readonly ports: Ports; readonly apiModel: string }, { yes = false, force = false, timeout = PATIENCE_MS }: ApplyOptions): Promise<ExitCode> {
  const { repository, plan, breaks } = await review(output, ports, apiModel);
  if (breaks.length > 0 && !force) throw new PipelineError('CONFLICT', 'Served models would miss something, or may; nothing was applied.', { problems: breaks });
  const removals = removalsOf(plan);
  if (removals.length > 0 && !yes) {
    if (output.json || !canAsk()) throw new PipelineError('INVALID_INPUT', 'Something would be removed; nothing was applied. Look at `ml-pipeline features plan`, and add --yes to agree.', { problems: removals });
    for (const line of planLines(plan)) output.note(line);
    if (!(await confirm(`Apply this, with ${counted(removals.length, 'removal')}?`))) {
      output.note('Nothing was applied.');
      return EXIT.refused;
    }
  }
  const onWait = (view: string): void => output.note(`Rows of ${view} are being written to the online store: waits for that, ${timeout / 1000} s at most.`);
  const applied = await change(ports, repository, plan, { mostMillis: timeout, onWait });
  for (const warning of applied.warnings ?? []) output.note(`Warning: ${warning}`);
  output.result({ ...applied, breaks, applied: true }, [...planLines(applied), summary(applied, 'changed')]);
  return EXIT.ok;
}

/**
 * Nobody writes values of views whose values go meanwhile: what was planned with the earlier definition would come after the removal. What an earlier call could not remove goes first: a
 * view that comes back must not lose its new values to that.
 */
function change({ featureRegistry, onlineStore }: Ports, repository: FeatureRepository, shown: ApplyPlan, patience: WritersPatience): Promise<ApplyPlan> {
  const going = shown.online.filter(({ removesValues }) => removesValues).map(({ view }) => view);
  const removeValues = (): Promise<readonly string[]> => featureRegistry.removeOnlineValues((view) => onlineStore.remove(view));
  return featureRegistry.withoutWriters(going, patience, async () => {
    await removeValues();
    const applied = await featureRegistry.apply(repository, shown);
    await removeValues().catch((error: unknown) => {
      if (!(error instanceof PipelineError)) throw error;
      throw new PipelineError(error.code, `The definitions are applied, but values that go are still in the online store: run the command again. ${error.message}`, { cause: error });
    });
    return applied;
  });
}

function removalsOf({ changes, online }: ApplyPlan): Problem[] {
  return [
    ...changes.filter(({ action }) => action === 'remove').map(({ kind, name, detail }) => ({ path: `${kind} ${name}`, message: `It would be removed: ${detail}.` })),
    ...online.filter(({ removesValues }) => removesValues).map(({ view, effect }) => ({ path: `feature view ${view}, online`, message: `${effect}.` })),
  ];
}

function planLines({ changes, kept, online }: ApplyPlan): readonly string[] {
  const rows = [...changes, ...kept.map((object) => ({ action: 'kept', ...object }))].map(({ action, kind, name, detail }) => [action, kind, name, detail]);
  return [
    ...(rows.length === 0 ? [] : table(['action', 'kind', 'name', 'detail'], rows)),
    ...(online.length === 0 ? [] : ['', ...table(['online values of', 'what becomes of them'], online.map(({ view, effect }) => [view, effect])), '']),
  ];
}

function summary({ changes, unchanged }: ApplyPlan, done: string): string {
  return `${changes.length} ${done}, ${unchanged} unchanged`;
}
