import type { WordValues } from './flat-values.ts';

/** Distinct values in the order in which they first come, in PLAIN encoding, and for each value the number of its distinct one. */
export interface DictionaryCodes {
  readonly plain: Uint8Array;
  readonly size: number;
  readonly codes: Int32Array;
}

/** A dictionary pays where values come often: with fewer than this many values for each distinct one it is not made. */
const LEAST_REPEATS = 3;
/** After so many values it shows whether they repeat. */
const PROBE = 4096;

/** A dictionary of numbers; undefined where they hardly repeat. Values are the same when their bits are. */
export function dictionaryOfWords({ words, width }: WordValues): DictionaryCodes | undefined {
  const count = words.length / width;
  const most = Math.floor(count / LEAST_REPEATS);
  const places = new Int32Array(2 ** Math.ceil(Math.log2(2 * most + 2)));
  const mask = places.length - 1;
  const codes = new Int32Array(count);
  const distinct = new Int32Array(width * (most + 1));
  let size = 0;
  for (let i = 0; i < count; i++) {
    const low = words[i * width]!;
    const high = width === 2 ? words[i * 2 + 1]! : 0;
    let hash = Math.imul(low, 0x9e3779b1) ^ Math.imul(high, 0x85ebca77);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    let place = (hash ^ (hash >>> 13)) & mask;
    let code = places[place]! - 1;
    while (code >= 0 && (distinct[code * width] !== low || (width === 2 && distinct[code * 2 + 1] !== high))) {
      place = (place + 1) & mask;
      code = places[place]! - 1;
    }
    if (code < 0) {
      if (size >= most || (i === PROBE && size > PROBE / 2)) return undefined;
      code = size++;
      places[place] = size;
      distinct[code * width] = low;
      if (width === 2) distinct[code * 2 + 1] = high;
    }
    codes[i] = code;
  }
  return { plain: new Uint8Array(distinct.buffer, 0, 4 * width * size), size, codes };
}

/** A dictionary of texts; undefined where they hardly repeat. */
export function dictionaryOfTexts(texts: readonly string[]): DictionaryCodes | undefined {
  const most = Math.floor(texts.length / LEAST_REPEATS);
  const numbers = new Map<string, number>();
  const codes = new Int32Array(texts.length);
  for (let i = 0; i < texts.length; i++) {
    let code = numbers.get(texts[i]!);
    if (code === undefined) {
      code = numbers.size;
      if (code >= most || (i >= PROBE && code > i / 2)) return undefined;
      numbers.set(texts[i]!, code);
    }
    codes[i] = code;
  }
  return { plain: plainTexts([...numbers.keys()]), size: numbers.size, codes };
}

/** Texts in UTF-8, each with its length before it as four bytes, little-endian. */
export function plainTexts(texts: readonly string[]): Buffer {
  let most = 0;
  for (const text of texts) most += 4 + 3 * text.length;
  const bytes = Buffer.allocUnsafe(most);
  let at = 0;
  for (const text of texts) {
    const length = bytes.write(text, at + 4, 'utf8');
    bytes.writeUInt32LE(length, at);
    at += 4 + length;
  }
  return bytes.subarray(0, at);
}
