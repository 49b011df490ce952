import type { Column, ColumnSchema, RecordBatch } from '../../domain/data/columns.ts';
import { sliceBatch } from '../../domain/data/slice-batch.ts';
import { PipelineError } from '../../domain/errors.ts';

/** Cuts and joins batches so that each has `rows` rows, the last one fewer. Batches that do not fit the schema are refused. */
export async function* regroup(schema: readonly ColumnSchema[], batches: AsyncIterable<RecordBatch>, rows: number): AsyncGenerator<RecordBatch> {
  let pieces: RecordBatch[] = [];
  let pending = 0;
  for await (const batch of batches) {
    refuseOtherColumns(schema, batch);
    for (let start = 0; start < batch.rowCount;) {
      const end = Math.min(batch.rowCount, start + rows - pending);
      pieces.push(sliceBatch(batch, start, end));
      pending += end - start;
      start = end;
      if (pending < rows) continue;
      yield joinBatches(pieces);
      pieces = [];
      pending = 0;
    }
  }
  if (pending > 0) yield joinBatches(pieces);
}

function refuseOtherColumns(schema: readonly ColumnSchema[], { rowCount, columns }: RecordBatch): void {
  const [found, wanted] = [columns, schema].map((list) => list.map(({ name, type }) => `${name} ${type}`).join(', '));
  if (found !== wanted) throw new PipelineError('INVALID_DATA', `A batch does not have the columns of its data set. It has: ${found}. The schema says: ${wanted}.`);
  const uneven = columns.find(({ values, nulls }) => values.length !== rowCount || (nulls !== null && nulls.length !== rowCount));
  if (uneven !== undefined) throw new PipelineError('INVALID_DATA', `Column ${uneven.name} of a batch with ${rowCount} rows has ${uneven.values.length} values.`);
}

/** One batch with the rows of all, which have the same columns. */
function joinBatches(batches: readonly RecordBatch[]): RecordBatch {
  const [first] = batches;
  if (first === undefined || batches.length === 1) return first!;
  const rowCount = batches.reduce((sum, batch) => sum + batch.rowCount, 0);
  const columns = first.columns.map((column, i) => {
    const parts = batches.map((batch) => batch.columns[i]!);
    const hasNulls = parts.some(({ nulls }) => nulls !== null);
    return { ...column, values: joinValues(parts.map(({ values }) => values), rowCount), nulls: hasNulls ? joinNulls(parts, rowCount) : null } as Column;
  });
  return { rowCount, columns };
}

function joinValues(parts: readonly Column['values'][], rowCount: number): Column['values'] {
  if (Array.isArray(parts[0])) return ([] as string[]).concat(...(parts as string[][])) as Column['values'];
  const joined = new (parts[0]!.constructor as new (length: number) => Float64Array)(rowCount);
  let offset = 0;
  for (const part of parts) {
    joined.set(part as Float64Array, offset);
    offset += part.length;
  }
  return joined;
}

function joinNulls(parts: readonly Column[], rowCount: number): Uint8Array {
  const joined = new Uint8Array(rowCount);
  let offset = 0;
  for (const { nulls, values } of parts) {
    if (nulls !== null) joined.set(nulls, offset);
    offset += values.length;
  }
  return joined;
}
