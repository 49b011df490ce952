import type { RecordBatch } from '../../domain/data/columns.ts';
import { sliceBatch } from '../../domain/data/slice-batch.ts';
import { PipelineError } from '../../domain/errors.ts';
import type { ArrowBatch, ArrowColumn } from './arrow-batch.ts';
import { columnBuilder } from './arrow-columns.ts';
import type { Placement, ReadColumn } from './arrow-columns.ts';
import { readSession } from './read-session.ts';
import type { ReadSession } from './read-session.ts';
import { wholeNumberLiteral } from './sql.ts';

/** The column of every result table that says where its rows belong. */
export const ROW_NUMBER = 'row_number';

/** Rows in one batch, as other warehouses give them. */
const BATCH_ROWS = 8192;
/** What the values of the rows of one chunk may take, about. Two chunks are held at a time: one is taken while the next is read. */
const CHUNK_BYTES = 32 * 2 ** 20;
const MOST_CHUNK_ROWS = 2 ** 18;

export interface OrderedRead extends Omit<ReadSession, 'fields' | 'restriction'> {
  readonly columns: readonly ReadColumn[];
  readonly rowCount: number;
  /** A condition under which all rows of the chunk lie that begins at this number, so that no other partition is read. Left out: the row numbers choose. */
  readonly within?: (start: number) => string;
  /** Rows in one chunk; default: `chunkRows` of the columns. */
  readonly chunkRows?: number;
}

/** How many rows are read at a time: a power of two, so that chunks and partitions of the result table (`resultPartitions`) fall on each other's borders. */
export function chunkRows(columns: readonly Pick<ReadColumn, 'type'>[]): number {
  const bytes = columns.reduce((sum, { type }) => sum + (/^(String|Bytes|Json|Decimal|Uuid)$/.test(type) ? 48 : type.startsWith('Array') ? 96 : 8), 8);
  return Math.min(MOST_CHUNK_ROWS, Math.max(BATCH_ROWS, 2 ** Math.floor(Math.log2(CHUNK_BYTES / bytes))));
}

/**
 * The rows of a result table numbered 0 to `rowCount - 1` by its column `row_number`, in that order. They are read in chunks of consecutive numbers, each by several streams side by
 * side, the next chunk while one is taken: memory is that of two chunks, however many rows there are. A number that is missing or comes twice is refused: the table is not the one
 * that its query made.
 */
export async function* readOrdered(read: OrderedRead): AsyncGenerator<RecordBatch> {
  const rows = read.chunkRows ?? chunkRows(read.columns);
  const stop = new AbortController();
  const signal = read.signal === undefined ? stop.signal : AbortSignal.any([read.signal, stop.signal]);
  const chunk = (start: number): Promise<RecordBatch> | undefined => {
    if (start >= read.rowCount) return undefined;
    const reading = readChunk({ ...read, signal }, start, Math.min(start + rows, read.rowCount));
    reading.catch(() => undefined); // thrown where it is awaited
    return reading;
  };
  let next = chunk(0);
  try {
    for (let start = 0; next !== undefined; start += rows) {
      const batch: RecordBatch = await next;
      next = chunk(start + rows);
      for (let row = 0; row < batch.rowCount; row += BATCH_ROWS) {
        read.signal?.throwIfAborted();
        yield sliceBatch(batch, row, Math.min(row + BATCH_ROWS, batch.rowCount));
      }
    }
  } finally {
    stop.abort(new Error('The read has ended.'));
    await next?.catch(() => undefined);
  }
}

async function readChunk({ columns, rowCount, within, ...session }: OrderedRead, start: number, end: number): Promise<RecordBatch> {
  const builders = columns.map((column) => columnBuilder(column, end - start));
  const fields = [...new Set([ROW_NUMBER, ...columns.flatMap(({ source, present }) => (present === undefined ? [source] : [source, present]))])];
  const restriction = end - start === rowCount && within === undefined ? undefined : `${within === undefined ? '' : `${within(start)} AND `}${ROW_NUMBER} >= ${wholeNumberLiteral(start)} AND ${ROW_NUMBER} < ${wholeNumberLiteral(end)}`;
  const places = placesOf(start, end);
  for await (const batch of readSession({ ...session, fields, restriction })) {
    const placement = places.take(batch);
    for (const [i, { source, present }] of columns.entries()) builders[i]!.put(field(batch, source), placement, present === undefined ? undefined : field(batch, present));
  }
  places.finish();
  return { rowCount: end - start, columns: builders.map((builder) => builder.finish()) };
}

function field({ columns }: ArrowBatch, name: string): ArrowColumn {
  const column = columns.get(name);
  if (column === undefined) throw new PipelineError('CONFLICT', `The result table has no column ${name}: it was replaced while it was read. Start the step again.`);
  return column;
}

/** Where the rows of each batch belong; keeps account of which numbers have come. */
function placesOf(start: number, end: number): { take(batch: ArrowBatch): Placement; finish(): void } {
  const come = new Uint8Array(end - start);
  let count = 0;
  const fail = (what: string): never => { throw new PipelineError('CONFLICT', `The result table ${what}, of ${start} to ${end - 1}: it is not the one that its query made, or it was replaced while it was read. Start the step again.`); };
  return {
    take(batch) {
      const numbers = field(batch, ROW_NUMBER).values as BigInt64Array;
      const rows = new Int32Array(batch.rowCount);
      let inOrder = true;
      for (let i = 0; i < rows.length; i++) {
        const row = Number(numbers[i]!) - start;
        if (!(row >= 0 && row < come.length)) fail('has a row number that was not asked for');
        if (come[row] === 1) fail(`has row number ${start + row} twice`);
        come[row] = 1;
        rows[i] = row;
        inOrder &&= row === rows[0]! + i;
      }
      count += rows.length;
      return { start: rows[0] ?? 0, rows: inOrder ? undefined : rows };
    },
    finish() {
      if (count < come.length) fail(`lacks row number ${start + come.indexOf(0)}`);
    },
  };
}
