import { columnOf, type RecordBatch } from '../../domain/data/columns.ts';
import type { InputColumn } from '../../domain/model/preprocessor.ts';
import type { ColumnProfile } from '../../domain/model/wrapped-artifact.ts';
import { compareCodePoints } from '../preprocessing/categories.ts';
import { numbersOf, textsOf } from '../preprocessing/column-values.ts';
import { GrowableColumn } from '../preprocessing/growable-column.ts';
import { mean, standardDeviation } from '../preprocessing/statistics.ts';

const QUANTILES = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99];

/** Texts kept by name in a profile; the rest is only counted. */
const TOP_VALUES = 20;

/** What each input column looks like over all rows of the batches: exact, as the model sees the values (float32). */
export async function profileColumns(inputs: readonly InputColumn[], batches: AsyncIterable<RecordBatch>): Promise<readonly ColumnProfile[]> {
  const numbers = new Map(inputs.filter(({ type }) => type === 'number').map(({ name }) => [name, new GrowableColumn()]));
  const texts = new Map(inputs.filter(({ type }) => type === 'string').map(({ name }) => [name, new Map<string, number>()]));
  let rows = 0;
  for await (const batch of batches) {
    rows += batch.rowCount;
    for (const [name, kept] of numbers) kept.append(numbersOf(columnOf(batch, name), 0, batch.rowCount));
    for (const [name, counts] of texts) for (const text of textsOf(columnOf(batch, name), 0, batch.rowCount)) counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  return inputs.map(({ name }) => numberProfile(name, numbers.get(name), rows) ?? stringProfile(name, texts.get(name) ?? new Map(), rows));
}

function numberProfile(column: string, kept: GrowableColumn | undefined, rows: number): ColumnProfile | undefined {
  if (kept === undefined) return undefined;
  const sorted = kept.values.filter((value) => !Number.isNaN(value)).sort();
  const [first, last] = [sorted[0], sorted.at(-1)];
  if (first === undefined || last === undefined) return { column, type: 'number', rows, missing: rows, mean: null, standardDeviation: null, min: null, max: null, quantiles: {} };
  const quantiles = Object.fromEntries(QUANTILES.map((share) => [String(share), sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? last]));
  return { column, type: 'number', rows, missing: rows - sorted.length, mean: mean(sorted), standardDeviation: standardDeviation(sorted), min: first, max: last, quantiles };
}

/** Missing texts are empty, as the graph sees them. */
function stringProfile(column: string, counts: ReadonlyMap<string, number>, rows: number): ColumnProfile {
  const present = [...counts].filter(([text]) => text !== '').sort(([a, x], [b, y]) => y - x || compareCodePoints(a, b));
  return { column, type: 'string', rows, missing: counts.get('') ?? 0, distinct: present.length, top: present.slice(0, TOP_VALUES).map(([value, count]) => ({ value, count })) };
}
