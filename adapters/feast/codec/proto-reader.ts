/** Reads protobuf's wire format from memory. Throws a RangeError when the bytes end too early or make no sense. */
export class ProtoReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #end: number;
  #at: number;

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = start;
    this.#end = end;
  }

  get done(): boolean {
    return this.#at >= this.#end;
  }

  /** An unsigned varint of at most 53 bits: a tag or a length. */
  varint(): number {
    let value = 0;
    for (let scale = 1; scale <= 2 ** 49; scale *= 128) {
      const byte = this.#byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    throw new RangeError('a number is longer than 53 bits');
  }

  /** A signed 64-bit varint. */
  int64(): bigint {
    let low = 0; // 28 bits, then 28 bits, then the last 8
    let middle = 0;
    let high = 0;
    for (let index = 0; index < 10; index++) {
      const byte = this.#byte();
      const bits = byte & 127;
      if (index < 4) low += bits * 2 ** (7 * index);
      else if (index < 8) middle += bits * 2 ** (7 * (index - 4));
      else high += bits * 2 ** (7 * (index - 8));
      if (byte < 128) {
        const value = low + middle * 0x1000_0000;
        return high === 0 && value <= Number.MAX_SAFE_INTEGER ? BigInt(value) : BigInt.asIntN(64, (BigInt(high) << 56n) + (BigInt(middle) << 28n) + BigInt(low));
      }
    }
    throw new RangeError('a number is longer than 64 bits');
  }

  /** A varint of which the lower 32 bits count. */
  int32(): number {
    return Number(BigInt.asIntN(32, this.int64()));
  }

  float32(): number {
    return this.#view.getFloat32(this.#take(4), true);
  }

  float64(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }

  /** Bytes with their length before them: a copy. */
  bytes(): Uint8Array {
    const length = this.varint();
    const start = this.#take(length);
    const copy = new Uint8Array(length);
    copy.set(this.#bytes.subarray(start, start + length));
    return copy;
  }

  /** UTF-8 text with its length before it. */
  text(): string {
    const length = this.varint();
    const start = this.#take(length);
    return Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset + start, length).toString('utf8');
  }

  /** A message inside: its own reader. */
  message(): ProtoReader {
    const length = this.varint();
    const start = this.#take(length);
    return new ProtoReader(this.#bytes, start, start + length);
  }

  /** Passes over a field that the caller has no use for. */
  skip(tag: number): void {
    const wireType = tag & 7;
    if (wireType === 0) this.int64();
    else if (wireType === 1) this.#take(8);
    else if (wireType === 2) this.#take(this.varint());
    else if (wireType === 5) this.#take(4);
    else throw new RangeError(`wire type ${wireType} is none`);
  }

  #byte(): number {
    return this.#view.getUint8(this.#take(1));
  }

  #take(count: number): number {
    const start = this.#at;
    if (start + count > this.#end) throw new RangeError('the bytes end in the middle of a value');
    this.#at = start + count;
    return start;
  }
}
