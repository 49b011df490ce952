import type { Column, RecordBatch } from '../domain/data/columns.ts';
import { columnOf } from '../domain/data/columns.ts';
import type { RowRange } from '../domain/data/dataset-ref.ts';
import { PipelineError } from '../domain/errors.ts';
import { compareCodePoints } from './preprocessing/categories.ts';

/** The target of every row as a model learns it. */
export interface Targets {
  /** Class index, or the value rounded to float32. */
  readonly labels: Float32Array;
  /** Class labels by index; empty for regression. */
  readonly classes: readonly string[];
}

/** Numbers to learn; INVALID_DATA when a row has none or one that is not finite. */
export async function readValues(batches: AsyncIterable<RecordBatch>, target: string, rowCount: number): Promise<Targets> {
  const labels = new Float32Array(rowCount);
  let bad = 0;
  await eachValue(batches, target, (row, value) => {
    labels[row] = typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean' ? Number(value) : NaN;
    if (!Number.isFinite(labels[row])) bad++;
  });
  refuseMissing(bad, rowCount, target, 'a finite number');
  return { labels, classes: [] };
}

/**
 * Classes to learn: the distinct values of the training rows, numbers by size, texts by code point, false before true. INVALID_DATA when a row has no value, when
 * a later row has a class that no training row has, or when there is only one class.
 */
export async function readClasses(batches: AsyncIterable<RecordBatch>, target: string, rowCount: number, training: RowRange): Promise<Targets> {
  const seen = new Map<string, { readonly value: string | number | bigint | boolean; code: number }>();
  const codes = new Int32Array(rowCount);
  let missing = 0;
  const late = new Map<string, number>();
  await eachValue(batches, target, (row, value) => {
    if (value === null) return void missing++;
    const text = String(value);
    const known = seen.get(text) ?? { value, code: seen.size };
    if (!seen.has(text)) {
      seen.set(text, known);
      if (row >= training.end) late.set(text, row);
    }
    codes[row] = known.code;
  });
  refuseMissing(missing, rowCount, target, 'a class');
  if (late.size > 0) throw new PipelineError('INVALID_DATA', `${target} has classes that no training row has: ${[...late].slice(0, 5).map(([text, row]) => `${JSON.stringify(text)} (first in row ${row})`).join(', ')}. Load more rows, or make the test part smaller.`);
  if (seen.size < 2) throw new PipelineError('INVALID_DATA', `${target} has ${seen.size === 0 ? 'no class' : `one class only, ${[...seen.keys()][0]}`}: there is nothing to tell apart.`);
  const ordered = [...seen].sort(([a, { value: x }], [b, { value: y }]) => (typeof x === 'string' || typeof y === 'string' ? compareCodePoints(a, b) : Number(x) - Number(y)));
  const index = new Map(ordered.map(([, { code }], position) => [code, position]));
  return { labels: Float32Array.from(codes, (code) => index.get(code) ?? NaN), classes: ordered.map(([text]) => text) };
}

async function eachValue(batches: AsyncIterable<RecordBatch>, target: string, visit: (row: number, value: string | number | bigint | boolean | null) => void): Promise<void> {
  let row = 0;
  for await (const batch of batches) {
    const column = columnOf(batch, target);
    for (let i = 0; i < batch.rowCount; i++) visit(row++, valueAt(column, i));
  }
}

function valueAt(column: Column, row: number): string | number | bigint | boolean | null {
  if (column.nulls?.[row] === 1) return null;
  const value = column.values[row] ?? null;
  if (column.type === 'Bool') return value === 1;
  return typeof value === 'object' ? null : value;
}

function refuseMissing(missing: number, rowCount: number, target: string, wanted: string): void {
  if (missing > 0) throw new PipelineError('INVALID_DATA', `${missing} of ${rowCount} rows have no ${target} that is ${wanted}. Leave them out in the loader SQL.`);
}
