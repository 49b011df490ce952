/** Bytes written one after the other into memory that grows and is used again after each `take()`. */
export class ByteWriter {
  #bytes: Buffer;
  #view: DataView;
  #length = 0;

  constructor(capacity = 1024) {
    this.#bytes = Buffer.allocUnsafeSlow(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get length(): number {
    return this.#length;
  }

  /** A copy of what was written; the writer is empty afterwards. */
  take(): Buffer {
    const copy = Buffer.allocUnsafe(this.#length);
    this.#bytes.copy(copy, 0, 0, this.#length);
    this.#length = 0;
    return copy;
  }

  /** Forgets what was written. */
  clear(): void {
    this.#length = 0;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  uint32(value: number): void {
    this.#reserve(4);
    this.#view.setUint32(this.#length, value, true);
    this.#length += 4;
  }

  int64(value: bigint): void {
    this.#reserve(8);
    this.#view.setBigInt64(this.#length, value, true);
    this.#length += 8;
  }

  float32(value: number): void {
    this.#reserve(4);
    // NaN has many bit patterns; one of them is written, so that equal values are equal bytes.
    if (value === value) this.#view.setFloat32(this.#length, value, true);
    else this.#view.setUint32(this.#length, 0x7fc0_0000, true);
    this.#length += 4;
  }

  float64(value: number): void {
    this.#reserve(8);
    if (value === value) this.#view.setFloat64(this.#length, value, true);
    else {
      this.#view.setUint32(this.#length, 0, true);
      this.#view.setUint32(this.#length + 4, 0x7ff8_0000, true);
    }
    this.#length += 8;
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** The bytes from `start` to before `end`, of which there are few: copying them one by one is cheaper than an object for them. */
  part(bytes: Uint8Array, start: number, end: number): void {
    this.#reserve(end - start);
    for (let at = start; at < end; at++) this.#bytes[this.#length++] = bytes[at]!;
  }

  utf8(text: string): void {
    this.#reserve(text.length * 3);
    this.#length += this.#bytes.write(text, this.#length, 'utf8');
  }

  /** Leaves room for a length below 256 and returns its place for `closeByte`. */
  openByte(): number {
    this.byte(0);
    return this.#length;
  }

  /** Fills in the number of bytes written since `openByte` returned `start`. */
  closeByte(start: number): void {
    this.#bytes[start - 1] = this.#length - start;
  }

  /** Leaves room for a 32-bit length and returns its place for `closeUint32`. */
  openUint32(): number {
    this.uint32(0);
    return this.#length;
  }

  /** Fills in the number of bytes written since `openUint32` returned `start`. */
  closeUint32(start: number): void {
    this.#view.setUint32(start - 4, this.#length - start, true);
  }

  /** Protobuf's varint of a whole number of magnitude up to 2^53; a negative one takes ten bytes (two's complement of 64 bits). */
  varint(value: number): void {
    const high = Math.floor(value / 0x1_0000_0000);
    this.varint64(value - high * 0x1_0000_0000, high);
  }

  /** The varint of the 64-bit number whose halves are `low` and `high` (signed or not: only the bits count). */
  varint64(low: number, high: number): void {
    this.#reserve(10);
    let lowBits = low >>> 0;
    let highBits = high >>> 0;
    while (highBits !== 0 || lowBits > 127) {
      this.#bytes[this.#length++] = (lowBits & 127) | 128;
      lowBits = ((lowBits >>> 7) | (highBits << 25)) >>> 0;
      highBits >>>= 7;
    }
    this.#bytes[this.#length++] = lowBits;
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}
