import type { DatasetRef, RowRange } from '../domain/data/dataset-ref.ts';
import { PipelineError } from '../domain/errors.ts';
import type { ChampionScores, Scores } from '../domain/model/promotion.ts';
import type { EvaluationReport } from '../domain/model/wrapped-artifact.ts';
import { describeQuality, scoreRows, type ScoredRows } from '../ml/evaluation/quality.ts';
import type { ModelSession } from '../ports/model-graph.ts';
import type { Ports } from '../ports/ports.ts';
import type { PreparedMatrix } from './prepare-matrix.ts';
import type { TrainingPlan } from './plan-training.ts';
import type { TrainedArtifacts, TrainingHistory } from './train.ts';
import { publishJson, readJson, runFile } from './run-files.ts';
import { withHeartbeats } from './activity-runtime.ts';

export interface EvaluationResult {
  /** On the test rows. */
  readonly metrics: Scores;
  /** The model that has the recipe's alias now, on the same test rows; absent when there is none. */
  readonly champion?: ChampionScores;
  /** An `EvaluationReport` as JSON. */
  readonly reportUri: string;
}

type Needs = Pick<Ports, 'datasetStore' | 'artifactStore' | 'matrixStore' | 'modelGraphs' | 'tracker' | 'modelPackager'>;

export interface EvaluateInput {
  readonly plan: TrainingPlan;
  readonly trainingSet: DatasetRef;
  readonly matrix: PreparedMatrix;
  readonly trained: TrainedArtifacts;
  readonly key: string;
}

/** Scores the whole graph on raw columns, as it will be served, and the champion on the same rows. */
export function createEvaluate(ports: Needs) {
  return {
    evaluate: (input: EvaluateInput): Promise<EvaluationResult> =>
      withHeartbeats(async ({ report }) => {
        const { plan, matrix, trained } = input;
        const session = await ports.modelGraphs.openModel(await ports.artifactStore.localPath(trained.graphUri));
        try {
          const parts: Record<string, ScoredRows> = {};
          for (const [name, range] of Object.entries(matrix.split)) {
            if (range.end > range.start) parts[name] = await score(ports, input, session, range);
            report({ scored: name });
          }
          const test = parts['test'];
          if (test === undefined) throw new PipelineError('INVALID_DATA', 'There are no test rows to evaluate on.');
          const champion = await scoreChampion(ports, input, test.labels);
          const quality: EvaluationReport = { ...describeQuality(plan.recipe.data_interface.task_type, plan.recipe.evaluation.metrics, matrix.classes, parts), ...(await importances(ports, trained)) };
          const reportUri = await publishJson(ports.artifactStore, ports.artifactStore.uri(runFile(input.key, 'evaluation.json')), quality);
          return { metrics: quality.metrics['test'] ?? {}, reportUri, ...(champion === undefined ? {} : { champion }) };
        } finally {
          await session.close();
        }
      }),
  };
}

async function score({ datasetStore, matrixStore }: Needs, { trainingSet, matrix }: EvaluateInput, session: ModelSession, range: RowRange): Promise<ScoredRows> {
  const columns = session.inputs.map(({ name }) => name);
  return scoreRows(session, datasetStore.read(trainingSet, { columns, rows: range }), await matrixStore.read(matrix.labels, range));
}

async function importances({ artifactStore }: Needs, { historyUri }: TrainedArtifacts): Promise<Pick<EvaluationReport, 'featureImportances'>> {
  const { featureImportances } = await readJson<TrainingHistory>(artifactStore, historyUri);
  return featureImportances === undefined ? {} : { featureImportances };
}

async function scoreChampion(ports: Needs, input: EvaluateInput, labels: Float32Array): Promise<ChampionScores | undefined> {
  const { registration, data_interface: dataInterface, evaluation } = input.plan.recipe;
  if (registration.promote === undefined) return undefined;
  const current = await ports.tracker.versionByAlias(registration.model_name, registration.promote.alias);
  if (current === undefined) return undefined;
  const { folder } = await ports.tracker.modelFolder(`models:/${registration.model_name}/${current.version}`);
  const { artifact, onnxFile } = await ports.modelPackager.read(folder);
  const unscorable = reasonNotComparable(input, artifact.inputs.map(({ name }) => name), artifact.classes);
  if (unscorable !== undefined) return { version: current.version, unscorable };
  const session = await ports.modelGraphs.openModel(onnxFile);
  try {
    const rows = await scoreRows(session, ports.datasetStore.read(input.trainingSet, { columns: session.inputs.map(({ name }) => name), rows: input.matrix.split.test }), labels);
    return { version: current.version, metrics: describeQuality(dataInterface.task_type, evaluation.metrics, artifact.classes, { test: rows }).metrics['test'] ?? {} };
  } finally {
    await session.close();
  }
}

function reasonNotComparable({ trainingSet, matrix }: EvaluateInput, columns: readonly string[], classes: readonly string[]): string | undefined {
  const absent = columns.filter((name) => !trainingSet.schema.some((column) => column.name === name));
  if (absent.length > 0) return `it takes ${absent.join(', ')}, which this training set does not have`;
  return classes.join('\n') === matrix.classes.join('\n') ? undefined : `its classes are ${classes.join(', ') || 'none'}, those of this training set ${matrix.classes.join(', ') || 'none'}`;
}
