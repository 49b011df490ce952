import { columnOf, type Column, type RecordBatch } from '../domain/data/columns.ts';
import type { InputColumn } from '../domain/model/preprocessor.ts';
import type { RawValue } from '../domain/model/wrapped-artifact.ts';

const EXAMPLE_ROWS = 5;

/** The inputs, and the join keys that are none: as text, which keeps whole numbers exact. */
export function withJoinKeys(inputs: readonly InputColumn[], entityColumns: readonly string[]): readonly InputColumn[] {
  const keys = entityColumns.filter((name) => !inputs.some((input) => input.name === name));
  return [...inputs, ...keys.map((name): InputColumn => ({ name, type: 'string', origin: 'entity' }))];
}

/** The first few training rows by column: the model's input example, and an example of what a request names. */
export async function exampleRows(inputs: readonly InputColumn[], batches: AsyncIterable<RecordBatch>): Promise<readonly Readonly<Record<string, RawValue>>[]> {
  for await (const batch of batches) {
    const count = Math.min(EXAMPLE_ROWS, batch.rowCount);
    if (count > 0) return Array.from({ length: count }, (_, row) => Object.fromEntries(inputs.map((input) => [input.name, rawValue(columnOf(batch, input.name), row, input.type)])));
  }
  return [];
}

/** Numbers as the model sees them: float32. */
function rawValue(column: Column, row: number, type: InputColumn['type']): RawValue {
  const value = column.values[row];
  if (column.nulls?.[row] === 1 || value === undefined) return null;
  if (type === 'string') return String(value);
  const number = Math.fround(Number(value));
  return Number.isNaN(number) ? null : number;
}
