import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createFileTracker } from '../../adapters/mlflow/file-tracker.ts';
import { createModelPackager } from '../../adapters/mlflow/model-packager.ts';
import { createOnnxModelGraphs } from '../../adapters/onnx/model-graphs.ts';
import type { FeatureViewSnapshot } from '../../domain/features/snapshot.ts';
import type { FittedModel } from '../../domain/model/fitted-model.ts';
import type { FittedPreprocessor, InputColumn } from '../../domain/model/preprocessor.ts';
import type { WrappedArtifact } from '../../domain/model/wrapped-artifact.ts';
import type { ExperimentTracker } from '../../ports/experiment-tracker.ts';
import { testView } from '../contracts/online-rows.ts';

export const HOUR_SECONDS = 3600;

/** Hourly, by airport: ttl six hours. */
export const WEATHER: FeatureViewSnapshot = testView('weather', [{ name: 'origin', type: 'String' }], [{ name: 'temp', type: 'Float64' }, { name: 'sky', type: 'String' }], 6 * HOUR_SECONDS);
/** By a number; no ttl; every type that is a number to a model. */
export const PLANE: FeatureViewSnapshot = testView('plane', [{ name: 'plane_id', type: 'Int64' }], [
  { name: 'flights', type: 'Int64' },
  { name: 'speed', type: 'Float32' },
  { name: 'active', type: 'Bool' },
  { name: 'built', type: 'UnixTimestamp' },
  { name: 'seats', type: 'Int32' },
]);

const NUMBERS = ['temp', 'flights', 'speed', 'active', 'built', 'seats', 'distance', 'weekend'];
const input = (name: string, origin: InputColumn['origin'], type: InputColumn['type'] = 'number'): InputColumn => ({ name, type, origin });

export const INPUTS: readonly InputColumn[] = [
  ...NUMBERS.slice(0, 6).map((name) => input(name, 'feature')),
  input('distance', 'request'),
  input('weekend', 'request'),
  input('sky', 'feature', 'string'),
  input('origin', 'entity', 'string'),
  input('meal', 'request', 'string'),
];

const CATEGORIES = { sky: ['clear', 'rain'], origin: ['EWR', 'JFK'], meal: ['none', 'hot'] };
/** What a missing number is taken for. */
export const IMPUTED: Readonly<Record<string, number>> = { temp: 54.5, flights: 3, speed: 400.25, active: 1, built: 1e9, seats: 150, distance: 800, weekend: 0 };

function preprocessor(handleUnknown: 'ignore' | 'error'): FittedPreprocessor {
  return {
    inputs: INPUTS,
    steps: [
      { type: 'impute', values: IMPUTED },
      { type: 'one_hot', categories: CATEGORIES, handleUnknown },
      { type: 'standardize', mean: { temp: 50, flights: 4, speed: 400, built: 1e9, seats: 150, distance: 1000 }, scale: { temp: 16, flights: 8, speed: 64, built: 1e8, seats: 64, distance: 512 } },
    ],
    outputColumns: [...NUMBERS, ...Object.entries(CATEGORIES).flatMap(([column, values]) => values.map((value) => `${column}=${value}`))],
  };
}

export type Task = 'multiclass' | 'regression';
export const CLASSES = ['early', 'on time', 'late'];

/** Coefficients differ by class and by `seed`, so that two models never agree. */
function linearModel(task: Task, seed: number): FittedModel {
  const columns = preprocessor('ignore').outputColumns.length;
  const row = (output: number): Float64Array => Float64Array.from({ length: columns }, (_, i) => Math.sin(seed + 3 * output + i) / 2);
  return task === 'regression'
    ? { kind: 'linear', coefficients: [row(0)], intercepts: Float64Array.of(seed), link: 'identity' }
    : { kind: 'linear', coefficients: CLASSES.map((_, index) => row(index)), intercepts: Float64Array.of(0, 0.1, 0.2), link: 'softmax' };
}

function artifact(task: Task): WrappedArtifact {
  const features = [WEATHER, PLANE].flatMap((view) => view.features.map(({ name }) => ({ view: view.name, feature: name, column: name })));
  return {
    taskType: task === 'regression' ? 'regression' : 'classification',
    inputs: INPUTS,
    classes: task === 'regression' ? [] : CLASSES,
    target: 'arrival',
    entities: [{ joinKey: 'origin', type: 'String' }, { joinKey: 'plane_id', type: 'Int64' }],
    features: { views: [WEATHER, PLANE], columns: features },
    estimator: { classPath: 'LogisticRegression', hyperparameters: {}, library: 'ml-matrix', libraryVersion: '6.15.1', libraryFiles: ['model.json'] },
    recipe: { name: 'arrival', text: 'name: arrival\n' },
    loader: { sourceUri: 'sql/spine.sql.j2', text: 'SELECT 1\n', parameters: {} },
    inputExample: [{ temp: 40.5, flights: 2, speed: 420, active: 1, built: 1e9, seats: 100, distance: 950, weekend: 0, sky: 'clear', origin: 'JFK', meal: 'none' }],
    trainingProfile: [],
    history: {},
    evaluation: { taskType: task === 'regression' ? 'regression' : 'classification', metrics: {}, rows: {} },
  };
}

interface ModelOptions {
  readonly task?: Task;
  readonly seed?: number;
  readonly handleUnknown?: 'ignore' | 'error';
  readonly alias?: string;
  /** In place of a small linear model. */
  readonly fitted?: FittedModel;
  /** In place of a file store in `root`. */
  readonly tracker?: ExperimentTracker;
}

/** A model store in `root` with a model registered as `arrival`; `seed` tells models apart. Resolves to its version. */
export async function registerModel(root: string, options: ModelOptions = {}): Promise<string> {
  const { task = 'multiclass', seed = 1, handleUnknown = 'ignore', alias = 'champion', fitted = linearModel(task, seed), tracker = createFileTracker({ root }) } = options;
  const experimentId = await tracker.ensureExperiment('arrival');
  const { runId } = await tracker.ensureRun({ key: `run-${task}-${seed}-${handleUnknown}`, experimentId, name: `run ${seed}`, startMillis: 1_700_000_000_000 + seed, tags: {} });
  const { modelId } = await tracker.ensureLoggedModel({
    experimentId,
    runId,
    name: 'model',
    params: {},
    tags: {},
    metrics: [],
    writeFiles: async (folder, model) => {
      const [onnxFile, libraryFile] = [join(root, `${model.modelId}.onnx`), join(root, 'model.json')];
      await createOnnxModelGraphs().writeModel({ preprocessor: preprocessor(handleUnknown), model: fitted, classes: artifact(task).classes }, onnxFile);
      await writeFile(libraryFile, '{}');
      await createModelPackager().write(folder, { artifact: artifact(task), runId, createdMillis: 1_700_000_000_000, onnxFile, libraryFiles: [libraryFile], ...model });
    },
  });
  const { version } = await tracker.ensureVersion({ name: 'arrival', modelId, runId, tags: {} });
  await tracker.setAlias('arrival', alias, version);
  return version;
}
