import type { ArtifactStore } from './artifact-store.ts';
import type { Clock } from './clock.ts';
import type { DatasetStore } from './dataset-store.ts';
import type { ExperimentTracker } from './experiment-tracker.ts';
import type { FeatureRegistry } from './feature-registry.ts';
import type { FeatureRepositorySource } from './feature-repository-source.ts';
import type { MatrixStore } from './matrix-store.ts';
import type { ModelGraphs } from './model-graph.ts';
import type { ModelPackager } from './model-packager.ts';
import type { OnlineStore } from './online-store.ts';
import type { PushLog } from './push-log.ts';
import type { RecipeSource } from './recipe-source.ts';
import type { SqlTemplates } from './sql-templates.ts';
import type { Trainer } from './trainer.ts';
import type { TransformRunner } from './transform-runner.ts';
import type { Warehouse } from './warehouse.ts';

/** Every outside system, by what it is to us. `config/` binds each to an adapter by environment. */
export interface Ports {
  readonly clock: Clock;
  readonly warehouse: Warehouse;
  readonly sqlTemplates: SqlTemplates;
  readonly artifactStore: ArtifactStore;
  readonly datasetStore: DatasetStore;
  readonly matrixStore: MatrixStore;
  readonly onlineStore: OnlineStore;
  readonly pushLog: PushLog;
  readonly featureRegistry: FeatureRegistry;
  readonly featureRepository: FeatureRepositorySource;
  readonly transformRunner: TransformRunner;
  readonly recipes: RecipeSource;
  readonly trainer: Trainer;
  readonly modelGraphs: ModelGraphs;
  readonly modelPackager: ModelPackager;
  readonly tracker: ExperimentTracker;
  /** How long a key of the online store lives from its last renewal; null: keys have no end. */
  readonly keyTtlSeconds: number | null;
  /** Threads that one training may use. */
  readonly trainingThreads: number;
}
