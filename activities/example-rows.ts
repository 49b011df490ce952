import { columnOf, type Column, type RecordBatch } from '../domain/data/columns.ts';
import type { InputColumn } from '../domain/model/preprocessor.ts';
import type { RawValue } from '../domain/model/wrapped-artifact.ts';

const EXAMPLE_ROWS = 5;

/** The inputs, and what else a request names: join keys, and what on-demand features are computed from. As text, which keeps whole numbers exact. */
export function withRequested(inputs: readonly InputColumn[], { entities, request }: { readonly entities: readonly string[]; readonly request: readonly string[] }): readonly InputColumn[] {
  const isNew = (name: string): boolean => !inputs.some((input) => input.name === name);
  const texts = (names: readonly string[], origin: InputColumn['origin']): InputColumn[] => names.filter(isNew).map((name) => ({ name, type: 'string', origin }));
  return [...inputs, ...texts(entities, 'entity'), ...texts(request.filter((name) => !entities.includes(name)), 'request')];
}

/**
 * A few training rows by column: the model's input example, and an example of what a request names. Those of the last batch that lack the fewest values, in their order:
 * a row that lacks most of its features shows nothing.
 */
export async function exampleRows(inputs: readonly InputColumn[], batches: AsyncIterable<RecordBatch>): Promise<readonly Readonly<Record<string, RawValue>>[]> {
  let last: RecordBatch | undefined;
  for await (const batch of batches) if (batch.rowCount > 0) last = batch;
  if (last === undefined) return [];
  const columns = inputs.map((input) => columnOf(last as RecordBatch, input.name));
  const missing = (row: number): number => columns.filter((column) => column.nulls?.[row] === 1).length;
  const rows = Array.from({ length: last.rowCount }, (_, row) => ({ row, missing: missing(row) }));
  const best = rows.sort((a, b) => a.missing - b.missing || a.row - b.row).slice(0, EXAMPLE_ROWS).sort((a, b) => a.row - b.row);
  return best.map(({ row }) => Object.fromEntries(inputs.map((input, index) => [input.name, rawValue(columns[index] as Column, row, input.type)])));
}

/** Numbers as the model sees them: float32. */
function rawValue(column: Column, row: number, type: InputColumn['type']): RawValue {
  const value = column.values[row];
  if (column.nulls?.[row] === 1 || value === undefined) return null;
  if (type === 'string') return String(value);
  const number = Math.fround(Number(value));
  return Number.isNaN(number) ? null : number;
}
