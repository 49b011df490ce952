import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { columnOfValues } from '../../domain/data/column-of-values.ts';
import { isArrayColumn } from '../../domain/data/columns.ts';
import type { ArrayColumn, ColumnSchema, RecordBatch, ScalarColumn } from '../../domain/data/columns.ts';
import { elementType } from '../../domain/features/value-types.ts';
import { plainTexts } from './dictionary-codes.ts';

/**
 * SHA-256 over the canonical contents of rows, whatever batches and files they come in. Per column two digests run: over one byte per row (1: missing), and over the values that
 * are there - numbers as little-endian bytes of their type with a single NaN, text and bytes with their length before them as four bytes; of a list the number of
 * its elements as four bytes, then the elements. The hash of the data set is over
 * the schema as JSON, the number of rows and the columns' digests.
 */
export class CanonicalHash {
  readonly #schema: readonly ColumnSchema[];
  readonly #columns: readonly { readonly nulls: Hash; readonly values: Hash }[];
  #rows = 0;

  constructor(schema: readonly ColumnSchema[]) {
    this.#schema = schema.map(({ name, type }) => ({ name, type }));
    this.#columns = schema.map(() => ({ nulls: createHash('sha256'), values: createHash('sha256') }));
  }

  update(batch: RecordBatch): void {
    this.#rows += batch.rowCount;
    batch.columns.forEach((column, i) => {
      const { nulls, values } = this.#columns[i]!;
      nulls.update(column.nulls ?? new Uint8Array(batch.rowCount));
      if (isArrayColumn(column)) for (const bytes of listBytes(column)) values.update(bytes);
      else values.update(canonicalBytes(column));
    });
  }

  /** Hexadecimal. Call once, at the end. */
  digest(): string {
    const total = createHash('sha256').update(JSON.stringify({ schema: this.#schema, rows: this.#rows }));
    for (const { nulls, values } of this.#columns) total.update(nulls.digest()).update(values.digest());
    return total.digest('hex');
  }
}

/** Of each list that is there: its length, and its elements as a column of their own. */
function* listBytes({ name, type, values, nulls }: ArrayColumn): Generator<Uint8Array> {
  const element = elementType(type)!;
  for (let row = 0; row < values.length; row++) {
    if (nulls?.[row] === 1) continue;
    const items = values[row]!;
    yield new Uint8Array(Uint32Array.of(items.length).buffer);
    yield canonicalBytes(columnOfValues({ name, type: element }, items) as ScalarColumn);
  }
}

function canonicalBytes(column: ScalarColumn): Uint8Array {
  switch (column.type) {
    case 'String': case 'Decimal': case 'Uuid': case 'Json': return plainTexts(present(column.values, column.nulls));
    case 'Bytes': return lengthPrefixed(present(column.values, column.nulls));
    case 'Float32': case 'Float64': case 'UnixTimestamp': case 'Timestamp': return numberBytes(column.values, column.nulls, true);
    case 'Bool': case 'Int32': case 'Int64': return numberBytes(column.values, column.nulls, false);
  }
}

type NumberArray = Uint8Array | Int32Array | BigInt64Array | Float32Array | Float64Array;

/** The bytes of the values that are there; typed arrays are little-endian on every platform that this project runs on. */
function numberBytes(values: NumberArray, nulls: Uint8Array | null, floating: boolean): Uint8Array {
  const kept = nulls === null ? values : withoutNulls(values, nulls);
  const canonical = floating ? withOneNaN(kept as Float32Array | Float64Array) : kept;
  return new Uint8Array(canonical.buffer, canonical.byteOffset, canonical.byteLength);
}

function withoutNulls(values: NumberArray, nulls: Uint8Array): NumberArray {
  const kept = values.slice() as Float64Array; // any of them: only elements of one array are moved
  let count = 0;
  for (let i = 0; i < kept.length; i++) if (nulls[i] !== 1) kept[count++] = kept[i]!;
  return kept.subarray(0, count);
}

function withOneNaN<T extends Float32Array | Float64Array>(values: T): T {
  const first = values.findIndex(Number.isNaN);
  if (first < 0) return values;
  const copy = values.slice() as T;
  for (let i = first; i < copy.length; i++) if (Number.isNaN(copy[i])) copy[i] = NaN;
  return copy;
}

function present<T>(values: readonly T[], nulls: Uint8Array | null): readonly T[] {
  return nulls === null ? values : values.filter((_, i) => nulls[i] !== 1);
}

function lengthPrefixed(values: readonly Uint8Array[]): Uint8Array {
  const bytes = Buffer.allocUnsafe(values.reduce((sum, value) => sum + 4 + value.length, 0));
  let offset = 0;
  for (const value of values) {
    offset = bytes.writeUInt32LE(value.length, offset);
    bytes.set(value, offset);
    offset += value.length;
  }
  return bytes;
}
