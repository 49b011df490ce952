import { join } from 'node:path';
import type { Link, Tree, TreeEnsemble } from '../../domain/model/fitted-model.ts';
import type { TrainedModel } from '../../ports/trainer.ts';
import type { LabelledRows, TrainingJob, TrainingLibrary } from '../../ports/training-library.ts';
import { featureNames } from './feature-names.ts';
import { findLibrary, libraryVersion } from './find-library.ts';
import { openNativeLibrary, type NativeLibrary } from './native-library.ts';
import { parameterText, planOf, type NativePlan } from './parameters.ts';
import { trainBooster, type NativeData, type TrainedBooster } from './train-booster.ts';

/** LightGBM in this process: LGBMClassifier, LGBMRegressor, and random forests by its `rf` mode. `library`: the file of its shared library, else the installed one. */
export function createLightgbmTrainingLibrary(config: { readonly library?: string }): TrainingLibrary {
  return { train: (job) => train(job, findLibrary(config.library)) };
}

async function train(job: TrainingJob, path: string): Promise<TrainedModel> {
  const plan = planOf(job);
  const library = openNativeLibrary(path);
  library.setMaxThreads(job.threads);
  const data = createData(library, plan, job);
  try {
    const { boosters, files } = plan.boosterPerClass === undefined ? await trainOne(library, plan, data, job) : await trainPerClass(library, plan, plan.boosterPerClass, data, job);
    return {
      fitted: ensembleOf(job, plan, boosters),
      libraryFiles: files,
      library: 'lightgbm',
      libraryVersion: libraryVersion(path),
      history: historyOf(plan, boosters),
      featureImportances: importancesOf(job.columns, boosters),
    };
  } finally {
    if (data.validation !== undefined) library.freeDataset(data.validation);
    library.freeDataset(data.training);
  }
}

/** The bins are made once and from the training rows alone; the matrices are not needed afterwards. */
function createData(library: NativeLibrary, plan: NativePlan, job: TrainingJob): NativeData {
  const parameters = parameterText(plan.parameters);
  const columns = job.columns.length;
  const training = library.createDataset(job.training.matrix, job.training.rows, columns, parameters);
  library.setFeatureNames(training, featureNames(job.columns));
  library.setField(training, 'label', job.training.labels);
  if (job.training.weights !== undefined) library.setField(training, 'weight', job.training.weights);
  const validation = job.validation.rows === 0 ? undefined : library.createDataset(job.validation.matrix, job.validation.rows, columns, parameters, training);
  if (validation !== undefined) library.setField(validation, 'label', job.validation.labels);
  return { training, validation, columns };
}

interface Trained {
  readonly boosters: readonly TrainedBooster[];
  readonly files: readonly string[];
}

async function trainOne(library: NativeLibrary, plan: NativePlan, data: NativeData, job: TrainingJob): Promise<Trained> {
  const booster = await trainBooster(library, plan, data, {
    path: join(job.outputFolder, 'model.txt'),
    ...(plan.parameters['boosting'] === 'rf' ? { constant: weightedMean(job.training, (label) => label) } : {}),
    afterIteration: (iteration) => job.onProgress({ iteration, iterations: plan.iterations }),
  });
  return { boosters: [booster], files: ['model.txt'] };
}

/** A booster on 0/1 labels per class, each with the same seed, so that tree t of every class sees the same rows. */
async function trainPerClass(library: NativeLibrary, plan: NativePlan, classes: readonly number[], data: NativeData, job: TrainingJob): Promise<Trained> {
  const boosters: TrainedBooster[] = [];
  const files: string[] = [];
  for (const [position, label] of classes.entries()) {
    const file = classes.length === 1 ? 'model.txt' : `model_${label}.txt`;
    const indicator = (value: number): number => (value === label ? 1 : 0);
    library.setField(data.training, 'label', job.training.labels.map(indicator));
    if (data.validation !== undefined) library.setField(data.validation, 'label', job.validation.labels.map(indicator));
    boosters.push(await trainBooster(library, plan, data, {
      path: join(job.outputFolder, file),
      constant: weightedMean(job.training, indicator),
      afterIteration: (iteration) => job.onProgress({ iteration: position * plan.iterations + iteration, iterations: classes.length * plan.iterations }),
    }));
    files.push(file);
  }
  return { boosters, files };
}

function weightedMean(rows: LabelledRows, of: (label: number) => number): number {
  let sum = 0;
  let total = 0;
  for (let row = 0; row < rows.rows; row++) {
    const weight = rows.weights?.[row] ?? 1;
    sum += weight * of(rows.labels[row] ?? 0);
    total += weight;
  }
  return sum / total;
}

function ensembleOf(job: TrainingJob, plan: NativePlan, boosters: readonly TrainedBooster[]): TreeEnsemble {
  const outputs = job.classes > 2 ? job.classes : 1;
  const link: Link = job.classes === 0 ? 'identity' : plan.boosterPerClass !== undefined ? 'share' : job.classes === 2 ? 'sigmoid' : 'softmax';
  const [first, ...others] = boosters;
  const trees: Tree[] = others.length === 0 ? [...(first?.trees ?? [])] : (first?.trees ?? []).flatMap((_, index) => boosters.flatMap((booster) => booster.trees[index] ?? []));
  return { kind: 'trees', outputs, trees, aggregation: plan.parameters['boosting'] === 'rf' ? 'mean' : 'sum', link };
}

/** Of several boosters the sum: a Brier score over all classes. */
function historyOf(plan: NativePlan, boosters: readonly TrainedBooster[]): Record<string, readonly number[]> {
  const total = (pick: (booster: TrainedBooster) => readonly number[]): number[] => (boosters[0] === undefined ? [] : pick(boosters[0]).map((_, index) => boosters.reduce((sum, booster) => sum + (pick(booster)[index] ?? 0), 0)));
  const validation = total((booster) => booster.validationMetric);
  return { [`train.${plan.metric.name}`]: total((booster) => booster.trainMetric), ...(validation.length > 0 ? { [`validation.${plan.metric.name}`]: validation } : {}) };
}

/** Shares that add up to 1 (all zero when nothing was ever split). */
function importancesOf(columns: readonly string[], boosters: readonly TrainedBooster[]): Record<string, number> {
  const sums = columns.map((_, column) => boosters.reduce((sum, booster) => sum + (booster.importances[column] ?? 0), 0));
  const total = sums.reduce((sum, value) => sum + value, 0);
  return Object.fromEntries(columns.map((name, column) => [name, total === 0 ? 0 : (sums[column] ?? 0) / total]));
}
