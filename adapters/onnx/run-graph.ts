import { Tensor } from 'onnxruntime-node';
import type { Column, RecordBatch } from '../../domain/data/columns.ts';
import { PipelineError, refuseProblems } from '../../domain/errors.ts';
import type { Problem } from '../../domain/errors.ts';
import { inputTypeOf, numbersOf, textsOf } from '../../ml/preprocessing/column-values.ts';
import type { OpenGraph } from './open-session.ts';

/** A run takes at most so many rows, and so many values of its matrix: its memory does not grow with the batch. */
const CHUNK_ROWS = 10_000;
const CHUNK_VALUES = 4_000_000;

type Outputs = Awaited<ReturnType<OpenGraph['session']['run']>>;

/** Runs the graph over the batch in chunks of rows and hands over the outputs of each, with the number of its first row. */
export async function runInChunks(graph: OpenGraph, batch: RecordBatch, take: (outputs: Outputs, start: number) => void): Promise<void> {
  const columns = inputColumns(graph, batch);
  const rows = Math.max(1, Math.min(CHUNK_ROWS, Math.floor(CHUNK_VALUES / graph.matrixColumns)));
  for (let start = 0; start < batch.rowCount; start += rows) {
    take(await runRows(graph, columns, start, Math.min(start + rows, batch.rowCount)), start);
  }
}

async function runRows(graph: OpenGraph, columns: readonly Column[], start: number, end: number): Promise<Outputs> {
  const feeds: Record<string, Tensor> = {};
  graph.inputs.forEach((input, i) => {
    const column = columns[i]!;
    feeds[input.name] = input.type === 'number'
      ? new Tensor('float32', numbersOf(column, start, end), [end - start])
      : new Tensor('string', textsOf(column, start, end), [end - start]);
  });
  try {
    return await graph.session.run(feeds);
  } catch (error) {
    throw unknownCategory(error) ?? error;
  }
}

/** The batch's columns in the order of the graph's inputs; INVALID_DATA names every one that is absent or of the wrong type. */
function inputColumns(graph: OpenGraph, batch: RecordBatch): readonly Column[] {
  const byName = new Map(batch.columns.map((column) => [column.name, column]));
  const problems: Problem[] = [];
  for (const { name, type } of graph.inputs) {
    const column = byName.get(name);
    if (column === undefined) problems.push({ path: name, message: 'the model takes this column and the rows do not have it.', cure: `They have: ${[...byName.keys()].join(', ')}.` });
    else if (inputTypeOf(column.type) !== type) problems.push({ path: name, message: `the model takes ${type === 'number' ? 'numbers' : 'text'}, and the column is of type ${column.type}.` });
  }
  refuseProblems('INVALID_DATA', 'the rows do not fit the model', problems);
  return graph.inputs.map(({ name }) => byName.get(name)!);
}

/** onnxruntime says which operator refused a value but not which column it works for; the operators' names carry that. */
function unknownCategory(error: unknown): PipelineError | undefined {
  const message = error instanceof Error ? error.message : '';
  const column = /Name:'one_hot (.*)' Status Message: Unknown Category/su.exec(message)?.[1];
  if (column === undefined) return undefined;
  return new PipelineError('INVALID_DATA', `column ${column} holds a missing value or a category that the training rows did not have; ` +
    'its one_hot step says handle_unknown: error (with ignore, such a row is all zeros)', { cause: error });
}
