import type { Column, ColumnSchema, RecordBatch } from '../../domain/data/columns.ts';
import { PipelineError } from '../../domain/errors.ts';
import type { ScalarValue } from '../../domain/features/value-types.ts';
import { arrayReader } from './copy-array.ts';
import type { WireType } from './column-types.ts';
import { POSTGRES_EPOCH_MICROS, exactInteger, float32 } from './copy-numbers.ts';
import { TextReader } from '../../domain/data/text-reader.ts';

export interface CopyColumn extends ColumnSchema {
  readonly wire: WireType;
  /** The feature view that the column is of, for messages. */
  readonly view?: string;
}

/** Values of one column, filled row by row. */
interface ColumnBuilder {
  /** Reads `length` bytes at `offset` as the value of `row`. `view`: of the same bytes. */
  set(view: DataView, offset: number, length: number, row: number, bytes: Buffer): void;
  setNull(row: number): void;
  /** The first `rowCount` values as a column, and room for new ones. */
  take(rowCount: number): Column;
}

const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
const HEADER_BYTES = SIGNATURE.length + 8;

/**
 * Decodes the binary format of COPY ... TO (PostgreSQL manual, "COPY", Binary Format) into batches of `batchRows` rows.
 * Feed the chunks in order, however they are cut; `finish` gives the last rows, and refuses a stream that ended early.
 */
export class CopyDecoder {
  readonly #columns: readonly ColumnBuilder[];
  readonly #batchRows: number;
  #rest: Buffer = Buffer.alloc(0);
  #rows = 0;
  #started = false;
  #ended = false;

  constructor(columns: readonly CopyColumn[], batchRows: number) {
    this.#columns = columns.map((column) => columnBuilder(column, batchRows));
    this.#batchRows = batchRows;
  }

  *decode(chunk: Buffer): Generator<RecordBatch> {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let offset = this.#started ? 0 : this.#readHeader(bytes);
    while (!this.#ended && offset >= 0) {
      const next = this.#readRow(bytes, view, offset);
      if (next < 0) break;
      offset = next;
      if (this.#rows === this.#batchRows) yield this.#take();
    }
    this.#rest = bytes.subarray(Math.max(offset, 0));
  }

  *finish(): Generator<RecordBatch> {
    if (!this.#ended) throw new PipelineError('UNAVAILABLE', 'PostgreSQL ended a COPY before its last row.');
    if (this.#rows > 0) yield this.#take();
  }

  #readHeader(bytes: Buffer): number {
    if (bytes.length < HEADER_BYTES) return -1;
    const end = HEADER_BYTES + bytes.readInt32BE(HEADER_BYTES - 4);
    if (!bytes.subarray(0, SIGNATURE.length).equals(SIGNATURE)) throw new PipelineError('UNAVAILABLE', 'PostgreSQL sent no COPY data in binary format.');
    if (bytes.length < end) return -1;
    this.#started = true;
    return end;
  }

  /** The offset behind the row at `offset`, or -1 when the row is not complete yet; then it is read again with the next chunk. */
  #readRow(bytes: Buffer, view: DataView, offset: number): number {
    const size = bytes.length;
    if (offset + 2 > size) return -1;
    if (view.getInt16(offset) === -1) {
      this.#ended = true;
      return offset + 2;
    }
    let position = offset + 2;
    const row = this.#rows;
    for (const column of this.#columns) {
      if (position + 4 > size) return -1;
      const length = view.getInt32(position);
      position += 4;
      if (length < 0) {
        column.setNull(row);
        continue;
      }
      if (position + length > size) return -1;
      column.set(view, position, length, row, bytes);
      position += length;
    }
    this.#rows = row + 1;
    return position;
  }

  #take(): RecordBatch {
    const rowCount = this.#rows;
    this.#rows = 0;
    return { rowCount, columns: this.#columns.map((column) => column.take(rowCount)) };
  }
}

type Values = Column['values'];
type Setter<V> = (values: V, view: DataView, offset: number, row: number, length: number, bytes: Buffer) => void;

function columnBuilder(column: CopyColumn, rows: number): ColumnBuilder {
  const { type, wire } = column;
  const name = placeOf(column);
  switch (type) {
    case 'Bool': return builder(column, rows, () => new Uint8Array(rows), (values, view, at, row) => { values[row] = view.getUint8(at); });
    case 'Int32': return builder(column, rows, () => new Int32Array(rows), (values, view, at, row) => { values[row] = view.getInt32(at); });
    case 'Int64': return int64Builder(column, rows);
    case 'Float32': return builder(column, rows, () => new Float32Array(rows), wire === 'float8'
      ? (values, view, at, row) => { values[row] = float32(view.getFloat64(at), name); }
      : (values, view, at, row) => { values[row] = view.getFloat32(at); });
    case 'Float64': return builder(column, rows, () => new Float64Array(rows), (values, view, at, row) => { values[row] = view.getFloat64(at); });
    case 'UnixTimestamp': return builder(column, rows, () => new Float64Array(rows), (values, view, at, row) => { values[row] = exactInteger(view, at, 0, name); });
    case 'Timestamp': return builder(column, rows, () => new Float64Array(rows), (values, view, at, row) => { values[row] = exactInteger(view, at, POSTGRES_EPOCH_MICROS, name); });
    case 'String': case 'Decimal': case 'Uuid': case 'Json': {
      const texts = new TextReader();
      return builder(column, rows, () => new Array<string>(rows).fill(''), (values, _, at, row, length, bytes) => { values[row] = texts.read(bytes, at, length); }, '');
    }
    case 'Bytes': return builder(column, rows, () => new Array<Uint8Array>(rows).fill(NO_BYTES), (values, _, at, row, length, bytes) => { values[row] = new Uint8Array(bytes.subarray(at, at + length)); }, NO_BYTES);
    default: {
      const read = arrayReader({ ...column, place: name });
      return builder(column, rows, () => new Array<readonly ScalarValue[]>(rows).fill(NO_ITEMS), (values, _, at, row, __, bytes) => { values[row] = read(bytes, at); }, NO_ITEMS);
    }
  }
}

/** The column's name in messages, with its view's where it is of one. */
export function placeOf({ name, view }: Pick<CopyColumn, 'name' | 'view'>): string {
  return view === undefined ? name : `${name} of feature view ${view}`;
}

/** Two words for each value: no bigint is made. Little-endian, as typed arrays are on every platform that this project runs on. */
function int64Builder(column: CopyColumn, rows: number): ColumnBuilder {
  const words = builder(column, rows, () => new Int32Array(2 * rows), (values, view, at, row) => {
    values[2 * row] = view.getInt32(at + 4);
    values[2 * row + 1] = view.getInt32(at);
  });
  return { ...words, take: (rowCount) => {
    const taken = words.take(rowCount);
    return { ...taken, values: new BigInt64Array((taken.values as unknown as Int32Array).buffer, 0, rowCount) } as Column;
  } };
}

const NO_BYTES = new Uint8Array(0);
const NO_ITEMS: readonly ScalarValue[] = [];

/** `empty`: what stands in the place of a null in a column of objects. */
function builder<V extends Values>({ name, type }: CopyColumn, rows: number, allocate: () => V, setValue: Setter<V>, empty?: string | Uint8Array | readonly ScalarValue[]): ColumnBuilder {
  let values = allocate();
  let nulls: Uint8Array | null = null;
  return {
    set(view, offset, length, row, bytes) {
      setValue(values, view, offset, row, length, bytes);
      if (nulls !== null) nulls[row] = 0; // a row cut by the end of a chunk is read twice
    },
    setNull(row) {
      nulls ??= new Uint8Array(rows);
      nulls[row] = 1;
      if (empty !== undefined) (values as unknown as (typeof empty)[])[row] = empty;
    },
    take(rowCount) {
      const kept = rowCount === rows || type === 'Int64' ? values : values.slice(0, rowCount);
      const column = { name, type, values: kept, nulls: nulls?.includes(1) === true ? nulls.subarray(0, rowCount) : null } as Column;
      values = allocate();
      nulls = null;
      return column;
    },
  };
}
