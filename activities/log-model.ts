import { join } from 'node:path';
import { writeFile } from 'node:fs/promises';
import type { QueryUsage, TrainingSetRef } from '../domain/data/dataset-ref.ts';
import type { EvaluationReport } from '../domain/model/wrapped-artifact.ts';
import type { MetricPoint, TrackedDataset } from '../ports/experiment-tracker.ts';
import type { Ports } from '../ports/ports.ts';
import { runParams } from './run-params.ts';
import { trackedDatasets } from './tracked-datasets.ts';
import { wrapModel } from './wrap-model.ts';
import type { EvaluationResult } from './evaluate.ts';
import type { PreparedMatrix, Preparation } from './prepare-matrix.ts';
import { withPlan, type Planned, type PlanRef } from './plan-ref.ts';
import type { TrainedArtifacts, TrainingHistory } from './train.ts';
import { readJson, withTemporaryFolder } from './run-files.ts';
import { withHeartbeats, type ActivityScope } from './activity-runtime.ts';

export interface LogModelInput {
  readonly plan: PlanRef;
  readonly key: string;
  readonly run: { readonly runId: string; readonly experimentId: string };
  readonly trainingSet: TrainingSetRef;
  readonly matrix: PreparedMatrix;
  readonly trained: TrainedArtifacts;
  readonly evaluation: EvaluationResult;
}

/** The same with its plan read. */
export type PlannedLogModel = Planned<LogModelInput>;

type Needs = Pick<Ports, 'tracker' | 'artifactStore' | 'modelPackager' | 'sqlTemplates' | 'clock'>;

/** Logs what the run did and the model that it made, each thing once however often it is tried. */
export function createLogModel(ports: Needs) {
  return {
    logModel: (input: LogModelInput): Promise<{ readonly modelId: string }> => withHeartbeats(async (scope) => logEverything(ports, await withPlan(ports.artifactStore, input), scope)),
  };
}

async function logEverything(ports: Needs, input: PlannedLogModel, scope: ActivityScope): Promise<{ readonly modelId: string }> {
  const { tracker, artifactStore } = ports;
  const { runId } = input.run;
  const [preparation, history, report] = [
    await readJson<Preparation>(artifactStore, input.matrix.preparationUri),
    await readJson<TrainingHistory>(artifactStore, input.trained.historyUri),
    await readJson<EvaluationReport>(artifactStore, input.evaluation.reportUri),
  ];
  const params = runParams(input);
  const timestampMillis = Math.floor(input.plan.asOfMicros / 1000);
  const metrics = [...scorePoints(report, timestampMillis), ...historyPoints(history, timestampMillis), ...usagePoints(input.trainingSet.usage, timestampMillis)];
  await tracker.logBatch(runId, { params, metrics });
  scope.report({ logged: 'params and metrics' });
  const datasets = trackedDatasets(input);
  for (const dataset of datasets) await tracker.logDataset(runId, dataset);
  await logFiles(ports, input, report);
  scope.report({ logged: 'files' });
  const artifact = wrapModel(input, preparation, history, report);
  const { modelId } = await tracker.ensureLoggedModel({
    ...input.run,
    name: 'model',
    params,
    tags: { 'ml_pipeline.recipe': input.plan.recipeName },
    metrics: testPoints(report, timestampMillis, datasets.find(({ context }) => context === 'test')),
    writeFiles: async (folder, model) => ports.modelPackager.write(folder, { artifact, runId, createdMillis: timestampMillis, ...model, ...(await localFiles(ports, input)) }),
  });
  return { modelId };
}

/** `test_roc_auc` and so on: the names that MLflow's users give them. */
function scorePoints(report: EvaluationReport, timestampMillis: number): readonly MetricPoint[] {
  return Object.entries(report.metrics).flatMap(([part, scores]) => points(scores, `${part}_`, timestampMillis));
}

function points(scores: Readonly<Record<string, number>>, prefix: string, timestampMillis: number): readonly MetricPoint[] {
  return Object.entries(scores).map(([name, value]) => ({ key: `${prefix}${name}`, value, step: 0, timestampMillis }));
}

function testPoints(report: EvaluationReport, timestampMillis: number, dataset: TrackedDataset | undefined) {
  return points(report.metrics['test'] ?? {}, 'test_', timestampMillis).map((point) => (dataset === undefined ? point : { ...point, dataset: { name: dataset.name, digest: dataset.digest } }));
}

/** One point per iteration; a step's time is the run's, since the library does not say when each ended. */
function historyPoints({ metrics }: TrainingHistory, timestampMillis: number): readonly MetricPoint[] {
  return Object.entries(metrics).flatMap(([key, values]) => values.map((value, step) => ({ key, value, step, timestampMillis })));
}

/** What the warehouse's queries for this run cost, where it bills by bytes. */
function usagePoints(usage: QueryUsage | undefined, timestampMillis: number): readonly MetricPoint[] {
  return usage === undefined ? [] : points({ bytes_processed: usage.bytesProcessed, bytes_billed: usage.bytesBilled }, 'warehouse_', timestampMillis);
}

async function logFiles({ tracker, artifactStore, sqlTemplates }: Needs, { plan, run }: PlannedLogModel, report: EvaluationReport): Promise<void> {
  const { source_uri: sourceUri, parameters } = plan.recipe.loader;
  const { sql } = await sqlTemplates.render({ sourceUri, parameters, asOfMicros: plan.asOfMicros });
  const files = { 'recipe.yaml': plan.recipeText, 'spine.sql': sql, 'evaluation.json': JSON.stringify(report, null, 2) };
  await withTemporaryFolder(artifactStore, 'run-files', async (folder) => {
    for (const [name, text] of Object.entries(files)) {
      await writeFile(join(folder, name), text);
      await tracker.logArtifact(run.runId, name, join(folder, name));
    }
  });
}

async function localFiles({ artifactStore }: Needs, { trained }: PlannedLogModel): Promise<{ readonly onnxFile: string; readonly libraryFiles: readonly string[] }> {
  const libraryFiles: string[] = [];
  for (const { uri } of trained.libraryFiles) libraryFiles.push(await artifactStore.localPath(uri));
  return { onnxFile: await artifactStore.localPath(trained.graphUri), libraryFiles };
}
