import type { Column, ColumnSchema, RecordBatch } from '../../domain/data/columns.ts';
import { PipelineError } from '../../domain/errors.ts';
import type { ScalarValue } from '../../domain/features/value-types.ts';
import { arrayReader } from './copy-array.ts';
import type { WireType } from './column-types.ts';
import { POSTGRES_EPOCH_MICROS, exactInteger, float32 } from './copy-numbers.ts';

export interface CopyColumn extends ColumnSchema {
  readonly wire: WireType;
}

/** Values of one column, filled row by row. */
interface ColumnBuilder {
  /** Reads `length` bytes at `offset` as the value of `row`. */
  set(bytes: Buffer, offset: number, length: number, row: number): void;
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
    let offset = this.#started ? 0 : this.#readHeader(bytes);
    while (!this.#ended && offset >= 0) {
      const next = this.#readRow(bytes, offset);
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
  #readRow(bytes: Buffer, offset: number): number {
    const size = bytes.length;
    if (offset + 2 > size) return -1;
    if (bytes.readInt16BE(offset) === -1) {
      this.#ended = true;
      return offset + 2;
    }
    let position = offset + 2;
    const row = this.#rows;
    for (const column of this.#columns) {
      if (position + 4 > size) return -1;
      const length = bytes.readInt32BE(position);
      position += 4;
      if (length < 0) {
        column.setNull(row);
        continue;
      }
      if (position + length > size) return -1;
      column.set(bytes, position, length, row);
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
type Setter<V extends Values> = (values: V, bytes: Buffer, offset: number, row: number, length: number) => void;

function columnBuilder({ name, type, wire }: CopyColumn, rows: number): ColumnBuilder {
  switch (type) {
    case 'Bool': return builder(name, type, rows, () => new Uint8Array(rows), (values, bytes, at, row) => { values[row] = bytes[at]!; });
    case 'Int32': return builder(name, type, rows, () => new Int32Array(rows), (values, bytes, at, row) => { values[row] = bytes.readInt32BE(at); });
    case 'Int64': return builder(name, type, rows, () => new BigInt64Array(rows), (values, bytes, at, row) => { values[row] = bytes.readBigInt64BE(at); });
    case 'Float32': return builder(name, type, rows, () => new Float32Array(rows), wire === 'float8'
      ? (values, bytes, at, row) => { values[row] = float32(bytes.readDoubleBE(at), name); }
      : (values, bytes, at, row) => { values[row] = bytes.readFloatBE(at); });
    case 'Float64': return builder(name, type, rows, () => new Float64Array(rows), (values, bytes, at, row) => { values[row] = bytes.readDoubleBE(at); });
    case 'UnixTimestamp': return builder(name, type, rows, () => new Float64Array(rows), (values, bytes, at, row) => { values[row] = exactInteger(bytes, at, 0, name); });
    case 'Timestamp': return builder(name, type, rows, () => new Float64Array(rows), (values, bytes, at, row) => { values[row] = exactInteger(bytes, at, POSTGRES_EPOCH_MICROS, name); });
    case 'String': case 'Decimal': case 'Uuid': case 'Json': return builder(name, type, rows, () => new Array<string>(rows).fill(''), (values: string[], bytes, at, row, length) => { values[row] = bytes.toString('utf8', at, at + length); }, '');
    case 'Bytes': return builder(name, type, rows, () => new Array<Uint8Array>(rows).fill(NO_BYTES), (values: Uint8Array[], bytes, at, row, length) => { values[row] = new Uint8Array(bytes.subarray(at, at + length)); }, NO_BYTES);
    default: {
      const read = arrayReader({ name, type, wire });
      return builder(name, type, rows, () => new Array<readonly ScalarValue[]>(rows).fill(NO_ITEMS), (values: (readonly ScalarValue[])[], bytes, at, row) => { values[row] = read(bytes, at); }, NO_ITEMS);
    }
  }
}

const NO_BYTES = new Uint8Array(0);
const NO_ITEMS: readonly ScalarValue[] = [];

/** `empty`: what stands in the place of a null in a column of objects. */
function builder<V extends Values>(name: string, type: Column['type'], rows: number, allocate: () => V, setValue: Setter<V>, empty?: string | Uint8Array | readonly ScalarValue[]): ColumnBuilder {
  let values = allocate();
  let nulls: Uint8Array | null = null;
  return {
    set(bytes, offset, length, row) {
      setValue(values, bytes, offset, row, length);
      if (nulls !== null) nulls[row] = 0; // a row cut by the end of a chunk is read twice
    },
    setNull(row) {
      nulls ??= new Uint8Array(rows);
      nulls[row] = 1;
      if (empty !== undefined) (values as unknown as (typeof empty)[])[row] = empty;
    },
    take(rowCount) {
      const column = { name, type, values: rowCount === rows ? values : values.slice(0, rowCount), nulls: nulls?.includes(1) === true ? nulls.subarray(0, rowCount) : null } as Column;
      values = allocate();
      nulls = null;
      return column;
    },
  };
}
