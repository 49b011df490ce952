import type { ScalarColumn } from '../../domain/data/columns.ts';
import { PipelineError } from '../../domain/errors.ts';
import { MICROS_PER_SECOND } from '../../domain/instant.ts';

const WORD = 2 ** 32;
/** Parquet has no whole seconds: a UnixTimestamp is kept in microseconds, in integers of 64 bits. */
const MOST_SECONDS = 9_223_372_036_854;

/** Values of fixed width that are there, as Parquet's PLAIN encoding has them: little-endian words of 32 bits, one or two for each value. */
export interface WordValues {
  readonly words: Int32Array;
  readonly width: 1 | 2;
}

/** The values of a column of numbers or instants; undefined for one of bools, texts or bytes. */
export function wordValues(column: ScalarColumn): WordValues | undefined {
  const { nulls, name } = column;
  switch (column.type) {
    case 'Int32': case 'Float32': return { width: 1, words: present(wordsOf(column.values), 1, nulls) };
    case 'Int64': case 'Float64': return { width: 2, words: present(wordsOf(column.values), 2, nulls) };
    case 'Timestamp': return { width: 2, words: wholeNumbers(column.values, nulls) };
    case 'UnixTimestamp': return { width: 2, words: microsOfSeconds(column.values, nulls, name) };
    default: return undefined;
  }
}

function wordsOf({ buffer, byteOffset, byteLength }: Int32Array | Float32Array | BigInt64Array | Float64Array): Int32Array {
  return new Int32Array(buffer, byteOffset, byteLength / 4);
}

function present(words: Int32Array, width: 1 | 2, nulls: Uint8Array | null): Int32Array {
  if (nulls === null) return words;
  const kept = new Int32Array(words.length);
  let count = 0;
  for (let row = 0; row < nulls.length; row++) {
    if (nulls[row] === 1) continue;
    for (let word = 0; word < width; word++) kept[count++] = words[row * width + word]!;
  }
  return kept.subarray(0, count);
}

/** Whole numbers, exact in a double, as integers of 64 bits. */
function wholeNumbers(values: Float64Array, nulls: Uint8Array | null): Int32Array {
  const words = new Int32Array(2 * values.length);
  let count = 0;
  for (let row = 0; row < values.length; row++) {
    if (nulls !== null && nulls[row] === 1) continue;
    words[count++] = values[row]! | 0;
    words[count++] = Math.floor(values[row]! / WORD);
  }
  return words.subarray(0, count);
}

/** Whole seconds in microseconds; in integers, since a double does not hold all of their products. `name` of the column: for the message. */
export function secondsInMicros(seconds: number, name: string): bigint {
  if (Math.abs(seconds) <= MOST_SECONDS) return BigInt(seconds) * BigInt(MICROS_PER_SECOND);
  throw new PipelineError('INVALID_DATA', `Column ${name} is a UnixTimestamp and holds more seconds than a data set can (years beyond 290,000). Are they milliseconds or microseconds? Then divide them, or declare Int64.`);
}

function microsOfSeconds(values: Float64Array, nulls: Uint8Array | null, name: string): Int32Array {
  const micros = new BigInt64Array(values.length);
  let count = 0;
  for (let row = 0; row < values.length; row++) {
    if (nulls !== null && nulls[row] === 1) continue;
    micros[count++] = secondsInMicros(values[row]!, name);
  }
  return wordsOf(micros.subarray(0, count));
}
