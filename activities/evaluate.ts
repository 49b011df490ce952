import type { DatasetRef, RowRange } from '../domain/data/dataset-ref.ts';
import { PipelineError } from '../domain/errors.ts';
import type { ChampionScores, Scores } from '../domain/model/promotion.ts';
import type { EvaluationReport } from '../domain/model/wrapped-artifact.ts';
import { describeQuality, scoreRows, type ScoredRows } from '../ml/evaluation/quality.ts';
import type { ModelSession } from '../ports/model-graph.ts';
import type { Ports } from '../ports/ports.ts';
import type { PreparedMatrix } from './prepare-matrix.ts';
import { interruptible } from './interruptible.ts';
import { withPlan, type Planned, type PlanRef } from './plan-ref.ts';
import { scoreChampion } from './score-champion.ts';
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

export type EvaluateNeeds = Pick<Ports, 'datasetStore' | 'artifactStore' | 'matrixStore' | 'modelGraphs' | 'tracker' | 'modelPackager'>;

/** What a model is scored on and compared with. */
export interface EvaluateInput {
  readonly plan: PlanRef;
  readonly trainingSet: DatasetRef;
  readonly matrix: PreparedMatrix;
  readonly trained: TrainedArtifacts;
  readonly key: string;
}

/** Scores the whole graph on raw columns, as it will be served, and the champion on the same rows. */
export function createEvaluate(needs: EvaluateNeeds) {
  return {
    evaluate: (given: EvaluateInput): Promise<EvaluationResult> =>
      withHeartbeats(async ({ report, signal }) => {
        const input = await withPlan(needs.artifactStore, given);
        const ports: EvaluateNeeds = { ...needs, datasetStore: interruptible(needs.datasetStore, signal) };
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

async function score({ datasetStore, matrixStore }: EvaluateNeeds, { trainingSet, matrix }: Planned<EvaluateInput>, session: ModelSession, range: RowRange): Promise<ScoredRows> {
  const columns = session.inputs.map(({ name }) => name);
  return scoreRows(session, datasetStore.read(trainingSet, { columns, rows: range }), await matrixStore.read(matrix.labels, range));
}

async function importances({ artifactStore }: EvaluateNeeds, { historyUri }: TrainedArtifacts): Promise<Pick<EvaluationReport, 'featureImportances'>> {
  const { featureImportances } = await readJson<TrainingHistory>(artifactStore, historyUri);
  return featureImportances === undefined ? {} : { featureImportances };
}
