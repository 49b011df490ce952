import type { Column } from '../../data/columns.ts';
import { MICROS_PER_SECOND } from '../../instant.ts';
import { PairTable } from './pair-table.ts';

const WORD = 2 ** 32;
/** A short text and its entry in a Map. */
const BYTES_PER_TEXT = 100;
/** Of a row that misses a key. */
export const NO_ENTITY = -1;

/** Numbers one join key's values. Whole numbers and seconds count by value, whatever their column type; an instant counts by its second, as an online key does. */
class ValueNumbers {
  readonly #pairs = new PairTable();
  readonly #texts = new Map<string, number>();

  get size(): number {
    return this.#pairs.size + this.#texts.size;
  }

  get bytes(): number {
    return this.#pairs.bytes + this.#texts.size * BYTES_PER_TEXT;
  }

  numbers(column: Column): Int32Array {
    const numbers = new Int32Array(column.values.length);
    if (column.type === 'String') this.#ofTexts(column.values, numbers);
    else if (column.type === 'Bytes') this.#ofTexts(column.values.map(textOfBytes), numbers);
    else this.#ofIntegers(column, numbers);
    if (column.nulls !== null) for (let row = 0; row < numbers.length; row++) if (column.nulls[row] === 1) numbers[row] = NO_ENTITY;
    return numbers;
  }

  #ofTexts(values: readonly string[], numbers: Int32Array): void {
    const texts = this.#texts;
    for (let row = 0; row < numbers.length; row++) {
      const text = values[row]!;
      const found = texts.get(text);
      numbers[row] = found ?? texts.size;
      if (found === undefined) texts.set(text, texts.size);
    }
  }

  #ofIntegers(column: Column, numbers: Int32Array): void {
    const pairs = this.#pairs;
    if (column.type === 'Int64') {
      const words = new Int32Array(column.values.buffer, column.values.byteOffset, 2 * column.values.length);
      for (let row = 0; row < numbers.length; row++) numbers[row] = pairs.add(words[2 * row]!, words[2 * row + 1]!);
    } else if (column.type === 'Int32' || column.type === 'UnixTimestamp' || column.type === 'Timestamp') {
      const unit = column.type === 'Timestamp' ? MICROS_PER_SECOND : 1;
      for (let row = 0; row < numbers.length; row++) {
        const whole = Math.floor(column.values[row]! / unit);
        numbers[row] = pairs.add(whole | 0, Math.floor(whole / WORD));
      }
    } else {
      throw new RangeError(`column ${column.name} of type ${column.type} is no join key`);
    }
  }
}

/** Numbers the entities of one view 0, 1, 2, ... by their join keys. Equal numbers: equal in every key, so that ('1', '1x') and ('11', 'x') differ. */
export class KeyNumbers {
  readonly #keys: readonly ValueNumbers[];
  /** Numbers of the first keys together with the next one's, from the second key on. */
  readonly #tuples: readonly PairTable[];

  constructor(joinKeys: number) {
    this.#keys = Array.from({ length: joinKeys }, () => new ValueNumbers());
    this.#tuples = this.#keys.slice(1).map(() => new PairTable());
  }

  /** How many entities have come; a view without join keys has one. */
  get size(): number {
    return this.#tuples.at(-1)?.size ?? this.#keys[0]?.size ?? 1;
  }

  /** Bytes that the numbers take, about. */
  get bytes(): number {
    return [...this.#keys, ...this.#tuples].reduce((sum, table) => sum + table.bytes, 0);
  }

  /** The entity of each row, NO_ENTITY where a key is missing. Columns in the order of the join keys. */
  numbers(columns: readonly Column[], rowCount: number): Int32Array {
    const [first, ...others] = columns.map((column, key) => this.#keys[key]!.numbers(column));
    if (first === undefined) return new Int32Array(rowCount);
    for (const [key, next] of others.entries()) {
      const tuples = this.#tuples[key]!;
      for (let row = 0; row < rowCount; row++) {
        if (first[row]! < 0 || next[row]! < 0) first[row] = NO_ENTITY;
        else first[row] = tuples.add(first[row]!, next[row]!);
      }
    }
    return first;
  }
}

function textOfBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
}
