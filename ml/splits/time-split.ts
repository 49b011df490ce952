import type { RowRange } from '../../domain/data/dataset-ref.ts';
import { PipelineError } from '../../domain/errors.ts';

export interface TimeSplit {
  readonly training: RowRange;
  /** Empty (start = end) when validation_size is 0. */
  readonly validation: RowRange;
  readonly test: RowRange;
}

/**
 * Cuts rows in time order: the last `test_size` of them are the test rows, the `validation_size` before them the validation rows, the rest the training rows.
 * Rows with equal timestamps stay together: a cut that falls among them moves back to the first of them, so that the later part takes them all and no part
 * knows an instant of a later one. INVALID_DATA when the timestamps are not in order, or a part that was asked for is empty.
 */
export function splitByTime(timestamps: ArrayLike<number>, sizes: { readonly test_size: number; readonly validation_size: number }): TimeSplit {
  refuseDisorder(timestamps);
  const rows = timestamps.length;
  const testStart = startOfInstant(timestamps, rows - Math.round(rows * sizes.test_size));
  const validationStart = sizes.validation_size === 0 ? testStart : startOfInstant(timestamps, rows - Math.round(rows * (sizes.test_size + sizes.validation_size)));
  const split = { training: { start: 0, end: validationStart }, validation: { start: validationStart, end: testStart }, test: { start: testStart, end: rows } };
  refuseEmptyParts(split, timestamps, sizes);
  return split;
}

function startOfInstant(timestamps: ArrayLike<number>, cut: number): number {
  let start = Math.max(0, cut);
  while (start > 0 && start < timestamps.length && timestamps[start - 1] === timestamps[start]) start--;
  return start;
}

function refuseDisorder(timestamps: ArrayLike<number>): void {
  for (let row = 0; row < timestamps.length; row++) {
    const inOrder = row === 0 ? !Number.isNaN(timestamps[0]!) : timestamps[row]! >= timestamps[row - 1]!;
    if (!inOrder) throw new PipelineError('INVALID_DATA', `the rows are not in time order: the timestamp of row ${row} is ${timestamps[row]}` + (row === 0 ? '' : `, after ${timestamps[row - 1]}`));
  }
}

function refuseEmptyParts(split: TimeSplit, timestamps: ArrayLike<number>, sizes: { readonly test_size: number; readonly validation_size: number }): void {
  const counts = { training: count(split.training), validation: count(split.validation), test: count(split.test) };
  const isEmpty = counts.training === 0 || counts.test === 0 || (counts.validation === 0 && sizes.validation_size > 0);
  if (!isEmpty) return;
  throw new PipelineError('INVALID_DATA', `the split leaves a part empty: ${timestamps.length} rows with test_size ${sizes.test_size} and validation_size ${sizes.validation_size} give ` +
    `${counts.training} training, ${counts.validation} validation and ${counts.test} test rows (rows of one instant stay together; there are ${distinctInstants(timestamps)} instants). ` +
    'Load more rows, or choose other sizes in evaluation.split.');
}

function count(range: RowRange): number {
  return range.end - range.start;
}

function distinctInstants(timestamps: ArrayLike<number>): number {
  let distinct = 0;
  for (let row = 0; row < timestamps.length; row++) if (row === 0 || timestamps[row] !== timestamps[row - 1]) distinct++;
  return distinct;
}
