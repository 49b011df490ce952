import { rename } from 'node:fs/promises';
import type { Tree } from '../../domain/model/fitted-model.ts';
import type { NativeLibrary } from './native-library.ts';
import { parameterText, type NativePlan } from './parameters.ts';
import { readModelFile } from './read-model-file.ts';

/** Data sets in LightGBM's memory, with their labels set. */
export interface NativeData {
  readonly training: unknown;
  /** undefined: there are no validation rows. */
  readonly validation: unknown;
  readonly columns: number;
}

export interface TrainedBooster {
  readonly trees: readonly Tree[];
  readonly trainMetric: readonly number[];
  readonly validationMetric: readonly number[];
  readonly importances: Float64Array;
}

/**
 * Trains one booster, writes its model file (whole or not at all) and reads it back: the file is the model.
 * `constant` is the value of a tree that found no split: LightGBM's random forest leaves 0 in such a tree, which would pull the average down.
 */
export async function trainBooster(library: NativeLibrary, plan: NativePlan, data: NativeData, options: { readonly path: string; readonly constant?: number; readonly afterIteration: (iteration: number) => Promise<void> }): Promise<TrainedBooster> {
  const booster = library.createBooster(data.training, parameterText({ ...plan.parameters, metric: plan.metric.native }));
  try {
    if (data.validation !== undefined) library.addValidation(booster, data.validation);
    const { trainMetric, validationMetric, kept } = await iterate(library, booster, plan, data, options.afterIteration);
    const temporary = `${options.path}.partial`;
    library.save(booster, kept, temporary);
    let { trees } = await readModelFile(temporary);
    const empty = options.constant === undefined ? [] : trees.flatMap((tree, index) => (tree.leafValue.length === 1 ? [index] : []));
    if (empty.length > 0) {
      for (const tree of empty) library.setLeafValue(booster, tree, 0, options.constant ?? 0);
      library.save(booster, kept, temporary);
      ({ trees } = await readModelFile(temporary));
    }
    await rename(temporary, options.path);
    return { trees, trainMetric, validationMetric, importances: library.importances(booster, kept, plan.importanceType, data.columns) };
  } finally {
    library.freeBooster(booster);
  }
}

async function iterate(library: NativeLibrary, booster: unknown, plan: NativePlan, data: NativeData, afterIteration: (iteration: number) => Promise<void>): Promise<{ trainMetric: number[]; validationMetric: number[]; kept: number }> {
  const trainMetric: number[] = [];
  const validationMetric: number[] = [];
  let best = 0;
  for (let iteration = 1; iteration <= plan.iterations; iteration++) {
    if (library.update(booster)) break;
    trainMetric.push(library.evaluate(booster, 0));
    if (data.validation !== undefined) validationMetric.push(library.evaluate(booster, 1));
    await afterIteration(iteration);
    if ((validationMetric[iteration - 1] ?? -Infinity) < (validationMetric[best - 1] ?? Infinity)) best = iteration;
    if (plan.earlyStoppingRounds !== undefined && best > 0 && iteration - best >= plan.earlyStoppingRounds) break;
  }
  const kept = plan.earlyStoppingRounds !== undefined && best > 0 ? best : library.iterations(booster);
  return { trainMetric, validationMetric, kept };
}
