import type { Column, ColumnSchema, ScalarColumnType } from '../../domain/data/columns.ts';
import { TextReader } from '../../domain/data/text-reader.ts';
import { PipelineError } from '../../domain/errors.ts';
import { elementType } from '../../domain/features/value-types.ts';
import type { PrimitiveType, ScalarValue, ValueType } from '../../domain/features/value-types.ts';
import { ArrowKind } from './arrow-batch.ts';
import type { ArrowColumn } from './arrow-batch.ts';
import { exact, isKind, smallEnough, valueReader } from './arrow-values.ts';

/** A column that is read, and where it comes from. */
export interface ReadColumn extends ColumnSchema {
  /** The name that it has in the result table. */
  readonly source: string;
  /** The column of the result table that says which rows have a list at all: BigQuery keeps a missing list as an empty one. */
  readonly present?: string;
  /** The feature view that it is of, for messages. */
  readonly view?: string;
}

/** The row of a chunk at which each row of an Arrow batch is put: `start` and those that follow, or, where they do not, the rows listed. */
export interface Placement {
  readonly start: number;
  readonly rows: Int32Array | undefined;
}

/** Values of one column of a chunk, put in batch by batch in any order. */
export interface ColumnBuilder {
  put(arrow: ArrowColumn, placement: Placement, present: ArrowColumn | undefined): void;
  /** The column, when all rows have been put. */
  finish(): Column;
}

type Values = Column['values'];
type Put = (arrow: ArrowColumn, placement: Placement, isNull: (row: number) => boolean) => void;

/** Room for `rowCount` values of the column. */
export function columnBuilder(column: ReadColumn, rowCount: number): ColumnBuilder {
  const { name, type } = column;
  const values = allocate(type, rowCount);
  let nulls: Uint8Array | null = null;
  const setNull = (row: number): void => {
    nulls ??= new Uint8Array(rowCount);
    nulls[row] = 1;
  };
  const put = putter(column, values, setNull);
  return {
    put(arrow, placement, present) {
      const isNull = nullsOf(arrow, present);
      put(arrow, placement, isNull ?? never);
      if (isNull === undefined) return;
      for (let row = 0; row < arrow.length; row++) if (isNull(row)) setNull(place(placement, row));
    },
    finish: () => ({ name, type, values, nulls }) as Column,
  };
}

const never = (): boolean => false;
const NO_BYTES = new Uint8Array(0);
const NO_ITEMS: readonly ScalarValue[] = [];

const place = ({ start, rows }: Placement, row: number): number => (rows === undefined ? start + row : rows[row]!);

function nullsOf(arrow: ArrowColumn, present: ArrowColumn | undefined): ((row: number) => boolean) | undefined {
  const unset = (bits: Uint8Array) => (row: number): boolean => (bits[row >> 3]! & (1 << (row & 7))) === 0;
  if (present !== undefined) return unset(present.values as Uint8Array);
  return arrow.nullCount === 0 || arrow.validity === undefined || arrow.validity.length === 0 ? undefined : unset(arrow.validity);
}

function allocate(type: ColumnSchema['type'], rowCount: number): Values {
  switch (type) {
    case 'Bool': return new Uint8Array(rowCount);
    case 'Int32': return new Int32Array(rowCount);
    case 'Int64': return new BigInt64Array(rowCount);
    case 'Float32': return new Float32Array(rowCount);
    case 'Float64': case 'UnixTimestamp': case 'Timestamp': return new Float64Array(rowCount);
    case 'String': case 'Decimal': case 'Uuid': case 'Json': return new Array<string>(rowCount).fill('');
    case 'Bytes': return new Array<Uint8Array>(rowCount).fill(NO_BYTES);
    default: return new Array<readonly ScalarValue[]>(rowCount).fill(NO_ITEMS);
  }
}

/** How values get into the column: straight from one typed array into the other for what most columns hold, by a reader of single values for the rest. */
function putter(column: ReadColumn, values: Values, setNull: (row: number) => void): Put {
  const { type } = column;
  const where = column.view === undefined ? column.name : `${column.name} of feature view ${column.view}`;
  const texts = new TextReader();
  const element = type === 'Timestamp' ? undefined : elementType(type as ValueType);
  return (arrow, placement, isNull) => {
    if (element !== undefined) return putLists(arrow, placement, isNull, values as unknown as (readonly ScalarValue[])[], element, where);
    if (type === 'Int64' && isInt64(arrow)) return putWords(arrow, placement, new Int32Array((values as BigInt64Array).buffer));
    if (type === 'Float64' && isDouble(arrow)) return putDoubles(arrow, placement, values as Float64Array);
    if (type === 'Float32' && isDouble(arrow)) return putSingles(arrow, placement, isNull, values as Float32Array, where);
    if (type === 'Timestamp' && isKind(arrow, ArrowKind.Timestamp)) return putInstants(arrow, placement, isNull, values as Float64Array, where);
    if (type === 'String' && isKind(arrow, ArrowKind.Utf8)) return putTexts(arrow, placement, values as unknown as string[], texts);
    return putValues(arrow, placement, isNull, values as unknown as ScalarValue[], type as ScalarColumnType, where, setNull);
  };
}

const isInt64 = (arrow: ArrowColumn): boolean => isKind(arrow, ArrowKind.Int) && arrow.type.bitWidth === 64;
const isDouble = (arrow: ArrowColumn): boolean => isKind(arrow, ArrowKind.Float) && arrow.values instanceof Float64Array;

/** Two words for each value: no bigint is made. */
function putWords({ values, length }: ArrowColumn, placement: Placement, target: Int32Array): void {
  const from = values as BigInt64Array;
  const words = new Int32Array(from.buffer, from.byteOffset, 2 * length);
  if (placement.rows === undefined) return target.set(words, 2 * placement.start);
  for (let row = 0; row < length; row++) {
    const at = 2 * placement.rows[row]!;
    target[at] = words[2 * row]!;
    target[at + 1] = words[2 * row + 1]!;
  }
}

function putDoubles({ values, length }: ArrowColumn, placement: Placement, target: Float64Array): void {
  const from = values as Float64Array;
  if (placement.rows === undefined) return target.set(from.subarray(0, length), placement.start);
  for (let row = 0; row < length; row++) target[placement.rows[row]!] = from[row]!;
}

function putSingles({ values, length }: ArrowColumn, placement: Placement, isNull: (row: number) => boolean, target: Float32Array, where: string): void {
  const from = values as Float64Array;
  for (let row = 0; row < length; row++) {
    const [at, value] = [place(placement, row), from[row]!];
    target[at] = value;
    if (!Number.isFinite(target[at]!) && Number.isFinite(value) && !isNull(row)) smallEnough(target[at]!, where);
  }
}

/** Two words for each instant: no bigint is made. */
function putInstants({ values, length }: ArrowColumn, placement: Placement, isNull: (row: number) => boolean, target: Float64Array, where: string): void {
  const from = values as BigInt64Array;
  const low = new Uint32Array(from.buffer, from.byteOffset, 2 * length);
  const high = new Int32Array(from.buffer, from.byteOffset, 2 * length);
  for (let row = 0; row < length; row++) {
    const value = high[2 * row + 1]! * 2 ** 32 + low[2 * row]!;
    target[place(placement, row)] = Number.isSafeInteger(value) || isNull(row) ? value : exact(value, where);
  }
}

function putTexts({ values, offsets, length }: ArrowColumn, placement: Placement, target: string[], texts: TextReader): void {
  const { buffer, byteOffset, byteLength } = values as Uint8Array;
  const bytes = Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
  const ends = offsets!;
  for (let row = 0; row < length; row++) target[place(placement, row)] = texts.read(bytes, ends[row]!, ends[row + 1]! - ends[row]!);
}

function putValues(arrow: ArrowColumn, placement: Placement, isNull: (row: number) => boolean, target: ScalarValue[], type: ScalarColumnType, where: string, setNull: (row: number) => void): void {
  const read = valueReader(arrow, type, where);
  for (let row = 0; row < arrow.length; row++) {
    if (isNull(row)) continue;
    const value = read(row);
    if (value === null) setNull(place(placement, row));
    else target[place(placement, row)] = type === 'Bool' ? Number(value) : value;
  }
}

function putLists(arrow: ArrowColumn, placement: Placement, isNull: (row: number) => boolean, target: (readonly ScalarValue[])[], element: PrimitiveType, where: string): void {
  const [items] = arrow.children ?? [];
  if (items === undefined || arrow.offsets === undefined) throw new PipelineError('INVALID_DATA', `Column ${where} holds no lists. Declare the type that the table has.`);
  const offsets = arrow.offsets;
  const read = valueReader(items, element, where);
  const missing = nullsOf(items, undefined) ?? never;
  for (let row = 0; row < arrow.length; row++) {
    if (isNull(row)) continue;
    const list: ScalarValue[] = [];
    for (let i = offsets[row]!; i < offsets[row + 1]!; i++) {
      const value = missing(i) ? null : read(i);
      if (value === null) throw new PipelineError('INVALID_DATA', `Column ${where} holds a list with a missing element; lists have none. Remove it in the table.`);
      list.push(value);
    }
    target[place(placement, row)] = list;
  }
}
