import type { RecordBatch } from '../../domain/data/columns.ts';
import { columnOf } from '../../domain/data/columns.ts';
import type { InputColumn } from '../../domain/model/preprocessor.ts';
import type { PreprocessingStep } from '../../domain/recipe/recipe.ts';
import { numbersOf, textsOf } from './column-values.ts';
import { GrowableColumn } from './growable-column.ts';
import { numericColumns } from './input-columns.ts';

/** What the steps need of the training rows. */
export interface TrainingColumns {
  readonly rowCount: number;
  /** Number columns that a step learns from, in row order; missing is NaN. Steps may write to them. */
  readonly numbers: ReadonlyMap<string, Float32Array>;
  /** Distinct texts of the text columns, without the missing one. */
  readonly texts: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Reads the rows once. Keeps four bytes for each value of the number columns that a step learns from, and the distinct texts. */
export async function readTrainingColumns(inputs: readonly InputColumn[], steps: readonly PreprocessingStep[], batches: AsyncIterable<RecordBatch>): Promise<TrainingColumns> {
  const named = new Set(steps.flatMap((step) => (step.columns === 'numeric' ? numericColumns(inputs, steps) : step.columns)));
  const kept = inputs.filter(({ name }) => named.has(name));
  const numbers = new Map(kept.filter(({ type }) => type === 'number').map(({ name }) => [name, new GrowableColumn()]));
  const texts = new Map(kept.filter(({ type }) => type === 'string').map(({ name }) => [name, new Set<string>()]));
  let rowCount = 0;
  for await (const batch of batches) {
    rowCount += batch.rowCount;
    for (const [name, column] of numbers) column.append(numbersOf(columnOf(batch, name), 0, batch.rowCount));
    for (const [name, distinct] of texts) {
      for (const text of textsOf(columnOf(batch, name), 0, batch.rowCount)) if (text !== '') distinct.add(text);
    }
  }
  return { rowCount, numbers: new Map([...numbers].map(([name, column]) => [name, column.values])), texts };
}
