import type { Column, ColumnSchema } from '../../data/columns.ts';

type Numbers = Uint8Array | Int32Array | Float32Array | Float64Array;

/** One feature's values of many entities, by slot; it grows. */
export interface SlotColumn {
  /** Bytes that one slot takes, about. */
  readonly bytesPerSlot: number;
  grow(slots: number): void;
  /** Copies rows of the column into slots, in order: of two that go into one slot the later stays. */
  put(column: Column, rows: Int32Array, slots: Int32Array, count: number): void;
  /** A column with the value of each slot; a negative slot is a missing value. */
  take(slots: Int32Array): Column;
}

/** What one value takes that lies outside of the array: a short text, a list. */
const OBJECT_BYTES = 48;

export function slotColumn({ name, type }: ColumnSchema): SlotColumn {
  switch (type) {
    case 'Bool': return new NumberColumn(name, type, (length) => new Uint8Array(length), 1);
    case 'Int32': return new NumberColumn(name, type, (length) => new Int32Array(length), 1);
    // Moved as two words: no bigint is made, and every bit stays.
    case 'Int64': return new NumberColumn(name, type, (length) => new Int32Array(length), 2);
    case 'Float32': return new NumberColumn(name, type, (length) => new Float32Array(length), 1);
    case 'Float64': case 'UnixTimestamp': case 'Timestamp': return new NumberColumn(name, type, (length) => new Float64Array(length), 1);
    default: return new ObjectColumn(name, type);
  }
}

class NumberColumn<N extends Numbers> implements SlotColumn {
  readonly bytesPerSlot: number;
  readonly #name: string;
  readonly #type: ColumnSchema['type'];
  readonly #allocate: (length: number) => N;
  readonly #width: 1 | 2;
  #values: N;
  #nulls = new Uint8Array(0);

  constructor(name: string, type: ColumnSchema['type'], allocate: (length: number) => N, width: 1 | 2) {
    [this.#name, this.#type, this.#allocate, this.#width] = [name, type, allocate, width];
    this.#values = allocate(0);
    this.bytesPerSlot = width * this.#values.BYTES_PER_ELEMENT + 1;
  }

  grow(slots: number): void {
    const [values, nulls] = [this.#allocate(slots * this.#width), new Uint8Array(slots)];
    values.set(this.#values);
    nulls.set(this.#nulls);
    [this.#values, this.#nulls] = [values, nulls];
  }

  put(column: Column, rows: Int32Array, slots: Int32Array, count: number): void {
    const [values, given] = [this.#values, this.#width === 2 ? wordsOf(column as Column & { type: 'Int64' }) : (column.values as unknown as N)];
    if (this.#width === 2) {
      for (let i = 0; i < count; i++) {
        const [from, to] = [2 * rows[i]!, 2 * slots[i]!];
        values[to] = given[from]!;
        values[to + 1] = given[from + 1]!;
      }
    } else {
      for (let i = 0; i < count; i++) values[slots[i]!] = given[rows[i]!]!;
    }
    putNulls(this.#nulls, column.nulls, rows, slots, count);
  }

  take(slots: Int32Array): Column {
    const values = this.#allocate(slots.length * this.#width);
    const kept = this.#values;
    if (this.#width === 2) {
      for (let row = 0; row < slots.length; row++) {
        const slot = slots[row]!;
        if (slot < 0) continue;
        values[2 * row] = kept[2 * slot]!;
        values[2 * row + 1] = kept[2 * slot + 1]!;
      }
    } else {
      for (let row = 0; row < slots.length; row++) {
        const slot = slots[row]!;
        if (slot >= 0) values[row] = kept[slot]!;
      }
    }
    const taken = this.#width === 2 ? new BigInt64Array(values.buffer) : values;
    return { name: this.#name, type: this.#type, values: taken, nulls: takeNulls(this.#nulls, slots) } as unknown as Column;
  }
}

type ObjectValue = string | Uint8Array | readonly unknown[];

class ObjectColumn implements SlotColumn {
  readonly bytesPerSlot = 8 + 1 + OBJECT_BYTES;
  readonly #name: string;
  readonly #type: ColumnSchema['type'];
  readonly #empty: ObjectValue;
  readonly #values: ObjectValue[] = [];
  #nulls = new Uint8Array(0);

  constructor(name: string, type: ColumnSchema['type']) {
    [this.#name, this.#type] = [name, type];
    this.#empty = type.startsWith('Array(') ? [] : type === 'Bytes' ? new Uint8Array(0) : '';
  }

  grow(slots: number): void {
    while (this.#values.length < slots) this.#values.push(this.#empty);
    const nulls = new Uint8Array(slots);
    nulls.set(this.#nulls);
    this.#nulls = nulls;
  }

  put(column: Column, rows: Int32Array, slots: Int32Array, count: number): void {
    const given = column.values as unknown as readonly ObjectValue[];
    for (let i = 0; i < count; i++) this.#values[slots[i]!] = given[rows[i]!]!;
    putNulls(this.#nulls, column.nulls, rows, slots, count);
  }

  take(slots: Int32Array): Column {
    const values = Array.from(slots, (slot) => (slot < 0 ? this.#empty : this.#values[slot]!));
    return { name: this.#name, type: this.#type, values, nulls: takeNulls(this.#nulls, slots) } as unknown as Column;
  }
}

function wordsOf({ values }: Column & { type: 'Int64' }): Int32Array {
  return new Int32Array(values.buffer, values.byteOffset, 2 * values.length);
}

function putNulls(kept: Uint8Array, given: Uint8Array | null, rows: Int32Array, slots: Int32Array, count: number): void {
  for (let i = 0; i < count; i++) kept[slots[i]!] = given === null ? 0 : given[rows[i]!]!;
}

function takeNulls(kept: Uint8Array, slots: Int32Array): Uint8Array | null {
  const nulls = new Uint8Array(slots.length);
  let any = 0;
  for (let row = 0; row < slots.length; row++) any |= nulls[row] = slots[row]! < 0 ? 1 : kept[slots[row]!]!;
  return any === 0 ? null : nulls;
}
