import type { FeatureValue } from '../../domain/features/value-types.ts';
import { MICROS_PER_SECOND, type Micros } from '../../domain/instant.ts';
import type { ValueSink } from '../../ports/online-store.ts';
import { floatJson, type JsonWriter } from './value-json.ts';

const [QUOTE, COMMA, MINUS, POINT, ZERO, COLON, ZULU, LIST, BACKSLASH] = [0x22, 0x2c, 0x2d, 0x2e, 0x30, 0x3a, 0x5a, 0x5b, 0x5c];
const MOST_EXACT = BigInt(Number.MAX_SAFE_INTEGER);
const SECONDS_PER_DAY = 86_400;
const MILLION = 1e6;
const LARGE_FLOAT = 1e9;
/** Texts of more characters are written by the runtime, shorter ones here. */
const LONG_TEXT = 48;

/** JSON written as bytes, in memory that grows. Values that a store tells are written as they come. */
export class JsonBytes implements ValueSink {
  #bytes: Buffer;
  #length = 0;
  #write: JsonWriter = () => 'null';
  #day = Number.NaN;
  #dayText = '';

  constructor(capacity: number) {
    this.#bytes = Buffer.allocUnsafe(capacity);
  }

  get length(): number {
    return this.#length;
  }

  /** What was written, not copied: nothing may be written afterwards. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** The values from here on are written so. */
  column(write: JsonWriter): void {
    this.#write = write;
  }

  /** Values of one column, commas between. */
  values(values: readonly FeatureValue[], write: JsonWriter): void {
    this.column(write);
    for (const value of values) {
      this.next();
      this.value(value);
    }
  }

  value(value: FeatureValue): void {
    if (value === null) return this.ascii('null');
    if (typeof value === 'bigint' && value >= 0n && value <= MOST_EXACT) return this.int64(Number(value));
    if (typeof value === 'object' || typeof value === 'string') this.json(this.#write(value));
    else this.ascii(this.#write(value));
  }

  float(value: number): void {
    const size = Math.abs(value);
    const millionths = Math.round(size * MILLION);
    // At most 15 digits, and they stand for this very number: then no shorter text does.
    if (!(size < LARGE_FLOAT) || millionths / MILLION !== size) return this.ascii(floatJson(value));
    this.#reserve(20);
    const target = this.#bytes;
    let at = this.#length;
    if (value < 0 || Object.is(value, -0)) target[at++] = MINUS;
    const whole = Math.floor(millionths / MILLION) | 0;
    at = putDigits(target, at, whole, digitsOf(whole));
    target[at++] = POINT;
    let fraction = (millionths - whole * MILLION) | 0;
    let digits = 6;
    for (; digits > 1 && fraction % 10 === 0; digits--) fraction = (fraction / 10) | 0;
    this.#length = putDigits(target, at, fraction, digits);
  }

  /** A whole number that is exact. */
  int64(value: number): void {
    if (value < 0 || value >= 2 ** 31) return this.ascii(String(value));
    this.#reserve(10);
    this.#length = putDigits(this.#bytes, this.#length, value | 0, digitsOf(value | 0));
  }

  text(bytes: Buffer, start: number, end: number): void {
    this.#reserve(end - start + 2);
    const target = this.#bytes;
    let to = this.#length;
    target[to++] = QUOTE;
    for (let at = start; at < end; at++) {
      const byte = bytes[at]!;
      if (byte < 0x20 || byte > 0x7e || byte === QUOTE || byte === BACKSLASH) return this.json(JSON.stringify(bytes.toString('utf8', start, end)));
      target[to++] = byte;
    }
    target[to++] = QUOTE;
    this.#length = to;
  }

  /** JSON text. */
  json(text: string): void {
    this.#reserve(text.length * 3);
    this.#length += this.#bytes.write(text, this.#length, 'utf8');
  }

  /** JSON text without characters beyond ASCII. */
  ascii(text: string): void {
    const { length } = text;
    this.#reserve(length);
    const [target, to] = [this.#bytes, this.#length];
    if (length > LONG_TEXT) target.write(text, to, 'latin1');
    else for (let at = 0; at < length; at++) target[to + at] = text.charCodeAt(at);
    this.#length = to + length;
  }

  /** A comma, unless a list has just begun. */
  next(): void {
    if (this.#bytes[this.#length - 1] === LIST) return;
    this.#reserve(1);
    this.#bytes[this.#length++] = COMMA;
  }

  /** What stands from `start` up to `end` once more. */
  again(start: number, end: number): void {
    this.#reserve(end - start);
    this.#bytes.copyWithin(this.#length, start, end);
    this.#length += end - start;
  }

  /** What stands from `start` on, `count` times in all, commas between. */
  repeat(start: number, count: number): void {
    const end = start + count * (this.#length - start + 1) - 1;
    if (count > 1) this.next();
    while (this.#length < end) this.again(start, Math.min(this.#length, start + end - this.#length));
  }

  /** RFC 3339 in UTC with no, three or six fraction digits, as protobuf prints it. */
  time(micros: Micros): void {
    const seconds = Math.floor(micros / MICROS_PER_SECOND);
    const day = Math.floor(seconds / SECONDS_PER_DAY);
    if (day !== this.#day) this.#setDay(day);
    this.ascii(this.#dayText);
    this.#reserve(18);
    const target = this.#bytes;
    const rest = (seconds - day * SECONDS_PER_DAY) | 0;
    let at = putDigits(target, this.#length, (rest / 3600) | 0, 2);
    target[at++] = COLON;
    at = putDigits(target, at, ((rest / 60) | 0) % 60, 2);
    target[at++] = COLON;
    at = putDigits(target, at, rest % 60, 2);
    const fraction = (micros - seconds * MICROS_PER_SECOND) | 0;
    if (fraction !== 0) {
      target[at++] = POINT;
      at = fraction % 1000 === 0 ? putDigits(target, at, (fraction / 1000) | 0, 3) : putDigits(target, at, fraction, 6);
    }
    target[at++] = ZULU;
    target[at++] = QUOTE;
    this.#length = at;
  }

  #setDay(day: number): void {
    const text = new Date(day * SECONDS_PER_DAY * 1000).toISOString();
    this.#dayText = `"${text.slice(0, text.indexOf('T') + 1)}`;
    this.#day = day;
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}

/** Writes a whole number from 0 to 2^31 - 1 in so many digits, zeros first; the place behind them. */
function putDigits(target: Buffer, at: number, value: number, count: number): number {
  for (let place = at + count - 1, left = value; place >= at; place--) {
    const next = (left / 10) | 0;
    target[place] = ZERO + left - next * 10;
    left = next;
  }
  return at + count;
}

function digitsOf(value: number): number {
  let digits = 1;
  for (let limit = 10; digits < 10 && value >= limit; limit *= 10) digits++;
  return digits;
}
