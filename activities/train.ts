import { join } from 'node:path';
import { withDefaults } from '../domain/model/estimators.ts';
import type { HyperparameterValue } from '../domain/recipe/recipe.ts';
import type { Ports } from '../ports/ports.ts';
import type { PreparedMatrix, Preparation } from './prepare-matrix.ts';
import { withPlan, type PlanRef } from './plan-ref.ts';
import { publishJson, readJson, runFile, withTemporaryFolder } from './run-files.ts';
import { withHeartbeats } from './activity-runtime.ts';

/** A trained model as files. */
export interface TrainedArtifacts {
  /** The whole graph: raw columns to predictions (ONNX). */
  readonly graphUri: string;
  /** The library's own files. */
  readonly libraryFiles: readonly { readonly name: string; readonly uri: string }[];
  readonly library: string;
  readonly libraryVersion: string;
  readonly hyperparameters: Readonly<Record<string, HyperparameterValue>>;
  /** A `TrainingHistory` as JSON. */
  readonly historyUri: string;
  readonly seconds: number;
}

export interface TrainingHistory {
  readonly metrics: Readonly<Record<string, readonly number[]>>;
  readonly featureImportances?: Readonly<Record<string, number>>;
}

type Needs = Pick<Ports, 'artifactStore' | 'trainer' | 'modelGraphs' | 'trainingThreads'>;

/** Trains from the beginning, in a folder of this attempt; what is published replaces an earlier attempt's files. */
export function createTrain(ports: Needs) {
  return {
    train: (input: { readonly plan: PlanRef; readonly matrix: PreparedMatrix; readonly key: string }): Promise<TrainedArtifacts> =>
      withHeartbeats(async ({ signal, report }) => {
        const { artifactStore, trainer, modelGraphs } = ports;
        const { plan, matrix, key } = await withPlan(artifactStore, input);
        const { preprocessor } = await readJson<Preparation>(artifactStore, matrix.preparationUri);
        const { class_path: estimator, hyperparameters: given } = plan.recipe.model;
        const hyperparameters = withDefaults(estimator, given as Readonly<Record<string, HyperparameterValue>>);
        const started = performance.now();
        return withTemporaryFolder(artifactStore, 'training', async (folder) => {
          const trained = await trainer.train({
            estimator,
            taskType: plan.recipe.data_interface.task_type,
            hyperparameters,
            matrixPath: await artifactStore.localPath(matrix.matrix.uri),
            labelsPath: await artifactStore.localPath(matrix.labels.uri),
            columns: preprocessor.outputColumns,
            classes: matrix.classes.length,
            trainingRows: matrix.split.training,
            validationRows: matrix.split.validation,
            threads: ports.trainingThreads,
            outputFolder: folder,
            signal,
            onProgress: report,
          });
          const graphPath = join(folder, 'model.onnx');
          await modelGraphs.writeModel({ preprocessor, model: trained.fitted, classes: matrix.classes }, graphPath);
          const graphUri = artifactStore.uri(runFile(key, 'model/model.onnx'));
          await artifactStore.publish(graphPath, graphUri);
          const libraryFiles = [];
          for (const name of trained.libraryFiles) {
            const uri = artifactStore.uri(runFile(key, `model/${name}`));
            await artifactStore.publish(join(folder, name), uri);
            libraryFiles.push({ name, uri });
          }
          const history: TrainingHistory = { metrics: trained.history, ...(trained.featureImportances === undefined ? {} : { featureImportances: trained.featureImportances }) };
          const historyUri = await publishJson(artifactStore, artifactStore.uri(runFile(key, 'history.json')), history);
          return { graphUri, libraryFiles, library: trained.library, libraryVersion: trained.libraryVersion, hyperparameters, historyUri, seconds: (performance.now() - started) / 1000 };
        });
      }),
  };
}
