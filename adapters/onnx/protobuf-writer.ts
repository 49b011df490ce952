/** Wire types of the protocol buffer encoding (protobuf.dev, "Encoding"). */
const VARINT = 0;
const LENGTH_DELIMITED = 2;
const FIXED_32 = 5;

const encoder = new TextEncoder();

/**
 * One protocol buffer message being written, field by field in the order of the calls. Large arrays are kept by reference and never copied, so a model
 * of hundreds of megabytes costs no second copy of itself: do not change an array after it was given.
 */
export class ProtobufMessage {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  /** Bytes of the message so far. */
  get length(): number {
    return this.#length;
  }

  /** The message's bytes in order. */
  get parts(): readonly Uint8Array[] {
    return this.#parts;
  }

  /** A non-negative safe integer, boolean or enumeration value. */
  integer(field: number, value: number): this {
    return this.#header(field, VARINT).#append(varint(value));
  }

  float(field: number, value: number): this {
    return this.#header(field, FIXED_32).#append(bytesOf(Float32Array.of(value)));
  }

  text(field: number, value: string): this {
    return this.bytes(field, encoder.encode(value));
  }

  bytes(field: number, value: Uint8Array): this {
    return this.#header(field, LENGTH_DELIMITED).#append(varint(value.length)).#append(value);
  }

  message(field: number, value: ProtobufMessage): this {
    this.#header(field, LENGTH_DELIMITED).#append(varint(value.length));
    for (const part of value.parts) this.#append(part);
    return this;
  }

  /** A packed repeated field of non-negative safe integers. */
  integers(field: number, values: ArrayLike<number>): this {
    return this.bytes(field, packVarints(values));
  }

  /** A packed repeated field of float. */
  floats(field: number, values: Float32Array): this {
    return this.bytes(field, bytesOf(values));
  }

  #header(field: number, wireType: number): this {
    return this.#append(varint(field * 8 + wireType));
  }

  #append(part: Uint8Array): this {
    if (part.length > 0) this.#parts.push(part);
    this.#length += part.length;
    return this;
  }
}

/** The memory of a typed array as bytes. Every platform that Node and onnxruntime support is little-endian, and so is the format. */
export function bytesOf(values: Float32Array | Float64Array | BigInt64Array | Uint8Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function varint(value: number): Uint8Array {
  return packVarints([value]);
}

/** Seven bits a byte, the lowest first, the top bit set on all bytes but the last. */
function packVarints(values: ArrayLike<number>): Uint8Array {
  let length = 0;
  for (let i = 0; i < values.length; i++) length += varintLength(values[i]!);
  const bytes = new Uint8Array(length);
  let position = 0;
  for (let i = 0; i < values.length; i++) {
    let rest = values[i]!;
    while (rest > 127) {
      bytes[position++] = (rest % 128) + 128;
      rest = Math.floor(rest / 128);
    }
    bytes[position++] = rest;
  }
  return bytes;
}

function varintLength(value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`not a non-negative safe integer: ${value}`);
  let length = 1;
  for (let rest = value; rest > 127; rest = Math.floor(rest / 128)) length++;
  return length;
}
