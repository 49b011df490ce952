import { CancellationScope, isCancellation, log, workflowInfo } from '@temporalio/workflow';
import { decidePromotion, type PromotionDecision, type Scores } from '../domain/model/promotion.ts';
import { trainModelInput, type TrainModelInput } from '../temporal/inputs.ts';
import { SEARCH_ATTRIBUTES } from '../temporal/search-attributes.ts';
import { local, long, quick, training } from './activity-proxies.ts';
import { trackSteps, type StepTracker } from './step-tracker.ts';
import { checkedInput } from './workflow-failures.ts';
import type { EvaluationResult, PlanRef, PreparedMatrix, TrainedArtifacts } from '../activities/index.ts';
import type { DatasetRef } from '../domain/data/dataset-ref.ts';

export interface TrainModelResult {
  readonly runId: string;
  readonly experimentId: string;
  readonly modelUri: string;
  readonly modelName: string;
  readonly version: string;
  readonly alias: string | null;
  readonly promotion: string;
  readonly metrics: Scores;
  readonly rows: { readonly training: number; readonly validation: number; readonly test: number };
}

const STEPS = ['plan', 'start run', 'load spine', 'join features', 'fit preprocessing', 'train', 'evaluate', 'log model', 'register', 'promote'] as const;

/**
 * From a recipe to a registered model: every step is an activity, what passes between them are references. Effects are named by the first run's id, so that a retried
 * step finds what it made. A champion that changed while this run was evaluated is compared again.
 */
export async function trainModel(input: TrainModelInput): Promise<TrainModelResult> {
  const { recipe, as_of: asOf, promote } = checkedInput(trainModelInput, input, 'trainModel');
  const tracker = trackSteps(STEPS);
  tracker.allowSearch(await local.hasSearchAttributes());
  tracker.tag([{ key: SEARCH_ATTRIBUTES.recipe, value: recipe }]);
  const { firstExecutionRunId: key, workflowId } = workflowInfo();
  const plan = await tracker.step('plan', () => quick.planTraining({ recipe, key, ...(asOf === undefined ? {} : { asOf }) }), ({ features, views }) => `${features} features of ${views} views`);
  // Not cancellable: a run that was opened must be known here, or nobody would close it.
  const run = await tracker.step('start run', () => CancellationScope.nonCancellable(() => quick.startRun({ plan, key, workflowId })), ({ runId }) => `run ${runId}`);
  tracker.tag([{ key: SEARCH_ATTRIBUTES.runId, value: run.runId }]);
  try {
    const result = await trainAndRegister(plan, key, run, promote, tracker);
    await quick.finishRun({ runId: run.runId, status: 'FINISHED' });
    return result;
  } catch (error) {
    await CancellationScope.nonCancellable(() => closeRun(run.runId, isCancellation(error) ? 'KILLED' : 'FAILED'));
    throw error;
  }
}

/** Why the training ended matters more than that its run could not be closed. */
async function closeRun(runId: string, status: 'KILLED' | 'FAILED'): Promise<void> {
  await quick.finishRun({ runId, status }).catch((error: unknown) => log.warn('The MLflow run could not be closed', { runId, status, error: String(error) }));
}

interface StartedRun {
  readonly runId: string;
  readonly experimentId: string;
}

async function trainAndRegister(plan: PlanRef, key: string, run: StartedRun, mayPromote: boolean, tracker: StepTracker): Promise<TrainModelResult> {
  const spine = await tracker.step('load spine', () => long.loadSpine({ plan, key }), ({ rowCount }) => `${count(rowCount)} rows`);
  const trainingSet = await tracker.step('join features', () => long.buildTrainingSet({ plan, spine, key }), ({ rowCount, schema }) => `${count(rowCount)} rows x ${schema.length} columns`);
  const matrix = await tracker.step('fit preprocessing', () => long.prepareMatrix({ plan, trainingSet, key }), describeMatrix);
  const trained = await tracker.step('train', () => training().train({ plan, matrix, key }), ({ seconds, library }) => `${library}, ${seconds.toFixed(1)} s`);
  const evaluation = await tracker.step('evaluate', () => long.evaluate({ plan, trainingSet, matrix, trained, key }), ({ metrics }) => describeScores(metrics));
  const logged = await tracker.step('log model', () => long.logModel({ plan, key, run, trainingSet, matrix, trained, evaluation }), ({ modelId }) => modelId);
  const { registration } = plan.recipe;
  const version = await tracker.step('register', () => quick.registerVersion({ name: registration.model_name, modelId: logged.modelId, runId: run.runId, recipe: plan.recipe.name }), (registered) => `${registered.name} version ${registered.version}`);
  const decision = mayPromote
    ? await promote({ plan, trainingSet, matrix, trained, key }, version.version, evaluation, tracker)
    : { promote: false, reason: 'the caller asked for no promotion' };
  if (!mayPromote) tracker.skip('promote', decision.reason);
  return {
    ...run,
    modelUri: `models:/${version.name}/${version.version}`,
    modelName: version.name,
    version: version.version,
    alias: decision.promote ? (registration.promote?.alias ?? null) : null,
    promotion: decision.reason,
    metrics: evaluation.metrics,
    rows: { training: size(matrix.split.training), validation: size(matrix.split.validation), test: size(matrix.split.test) },
  };
}

interface Evaluated {
  readonly plan: PlanRef;
  readonly trainingSet: DatasetRef;
  readonly matrix: PreparedMatrix;
  readonly trained: TrainedArtifacts;
  readonly key: string;
}

/** Sets the alias if the recipe's rule says so; the rule is applied again when another run took the alias since. */
async function promote(evaluated: Evaluated, version: string, first: EvaluationResult, tracker: StepTracker): Promise<PromotionDecision> {
  const { registration, evaluation: rule } = evaluated.plan.recipe;
  return tracker.step('promote', async () => {
    for (let evaluation = first; ; evaluation = await long.evaluate(evaluated)) {
      const decision = decidePromotion(registration.promote, rule, evaluation.metrics, evaluation.champion);
      if (!decision.promote || registration.promote === undefined) return decision;
      const { set } = await quick.promote({ name: registration.model_name, alias: registration.promote.alias, version, replaces: evaluation.champion?.version ?? null });
      if (set) return decision;
    }
  }, ({ reason }) => reason);
}

const size = (range: { readonly start: number; readonly end: number }): number => range.end - range.start;
const count = (rows: number): string => rows.toLocaleString('en-US');

function describeMatrix({ split, matrix }: PreparedMatrix): string {
  return `${matrix.columns} columns; ${count(size(split.training))} training, ${count(size(split.validation))} validation, ${count(size(split.test))} test rows`;
}

function describeScores(metrics: Scores): string {
  return Object.entries(metrics).map(([name, value]) => `${name} ${value.toFixed(4)}`).join(', ');
}
