import type { RecordBatch } from '../../domain/data/columns.ts';
import { PipelineError, refuseProblems } from '../../domain/errors.ts';
import type { Problem } from '../../domain/errors.ts';
import type { FittedPreprocessor, FittedStep, InputColumn } from '../../domain/model/preprocessor.ts';
import type { PreprocessingStep } from '../../domain/recipe/recipe.ts';
import { learnCategories } from './categories.ts';
import { numericColumns } from './input-columns.ts';
import type { Refuse } from './refuse.ts';
import { mean, median, present, standardDeviation } from './statistics.ts';
import { readTrainingColumns } from './training-columns.ts';
import type { TrainingColumns } from './training-columns.ts';

/**
 * Learns the steps, in their order, each from what the steps before it make of the training rows. `inputs` come from decideInputColumns, `batches` are the
 * training rows alone. Statistics are computed in float64 in row order and rounded to float32 once; the same rows give the same result however they are cut
 * into batches. INVALID_DATA with every column that nothing can be learnt from.
 */
export async function fitPreprocessor(inputs: readonly InputColumn[], steps: readonly PreprocessingStep[], batches: AsyncIterable<RecordBatch>): Promise<FittedPreprocessor> {
  const training = await readTrainingColumns(inputs, steps, batches);
  if (training.rowCount === 0) throw new PipelineError('INVALID_DATA', 'there are no training rows to learn the preprocessing from');
  const problems: Problem[] = [];
  const numeric = numericColumns(inputs, steps);
  const fitted = steps.map((step, index): FittedStep => {
    const columns = step.columns === 'numeric' ? numeric : step.columns;
    const refuse: Refuse = (column, message, cure) => void problems.push({ path: `preprocessor.steps[${index}].${step.type}: ${column}`, message, cure });
    if (step.type === 'impute') return fitImpute(step.strategy, columns, training, refuse);
    if (step.type === 'standardize') return fitStandardize(columns, training, refuse);
    return { type: 'one_hot', categories: learnCategories(columns, training, refuse), handleUnknown: step.handle_unknown };
  });
  refuseProblems('INVALID_DATA', `the ${training.rowCount} training rows do not fit the preprocessing steps`, problems);
  return { inputs, steps: fitted, outputColumns: [...numeric, ...fitted.flatMap(oneHotNames)] };
}

function oneHotNames(step: FittedStep): readonly string[] {
  if (step.type !== 'one_hot') return [];
  return Object.entries(step.categories).flatMap(([column, categories]) => categories.map((category) => `${column}=${category}`));
}

type ImputeStrategy = Extract<PreprocessingStep, { type: 'impute' }>['strategy'];

function fitImpute(strategy: ImputeStrategy, columns: readonly string[], training: TrainingColumns, refuse: Refuse): FittedStep {
  const values: Record<string, number> = {};
  for (const name of columns) {
    const column = training.numbers.get(name)!;
    const known = present(column);
    const value = Math.fround(typeof strategy === 'object' ? strategy.constant : strategy === 'median' ? median(known) : mean(known));
    if (typeof strategy !== 'object' && known.length === 0) refuse(name, `is missing in every training row, so it has no ${strategy}.`, 'Leave the column out, or impute a constant.');
    else if (!Number.isFinite(value)) refuse(name, `the value to impute would be ${value}.`, 'Impute a finite constant, or remove infinite values in the spine query.');
    values[name] = value;
    column.forEach((old, row) => Number.isNaN(old) && (column[row] = value));
  }
  return { type: 'impute', values };
}

/** Values that are missing still are left out of the statistics. A scale that would be 0 is 1: such a column is only centred. */
function fitStandardize(columns: readonly string[], training: TrainingColumns, refuse: Refuse): FittedStep {
  const centres: Record<string, number> = {};
  const scales: Record<string, number> = {};
  for (const name of columns) {
    const column = training.numbers.get(name)!;
    const known = present(column);
    const centre = Math.fround(mean(known));
    const scale = Math.fround(standardDeviation(known)) || 1;
    if (known.length === 0) refuse(name, 'is missing in every training row, so it has no mean.', 'Leave the column out.');
    else if (!Number.isFinite(centre) || !Number.isFinite(scale)) refuse(name, 'holds infinite values or too large ones, so it has no standard deviation.', 'Remove them in the spine query, or leave the column out here.');
    centres[name] = centre;
    scales[name] = scale;
    column.forEach((value, row) => (column[row] = Math.fround(value - centre) / scale));
  }
  return { type: 'standardize', mean: centres, scale: scales };
}
