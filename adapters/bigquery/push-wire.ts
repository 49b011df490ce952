/** How values of a column travel in a protocol buffer (protobuf.dev, "Encoding"): as a varint, as 8 bytes, or with their length before them. */
export type Wire = 'varint' | 'double' | 'bytes';

const WIRE_TYPES: Readonly<Record<Wire, number>> = { varint: 0, double: 1, bytes: 2 };

/** One value without its field's number. Integers within 64 bits, two's complement. */
export function encodeValue(value: number | bigint | boolean, wire: 'varint'): Buffer;
export function encodeValue(value: number, wire: 'double'): Buffer;
export function encodeValue(value: string | Uint8Array, wire: 'bytes'): Buffer;
export function encodeValue(value: number | bigint | boolean | string | Uint8Array, wire: Wire): Buffer {
  if (wire === 'varint') return varint(value as number | bigint | boolean);
  if (wire === 'double') {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(value as number);
    return bytes;
  }
  const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : (value as Uint8Array);
  return Buffer.concat([varint(bytes.length), bytes]);
}

/** A field with the encoded values that it has: one, or those of a list (numbers packed, as the descriptor says). */
export function encodeField(number: number, wire: Wire, isList: boolean, values: readonly Buffer[]): Buffer {
  if (values.length === 0) return Buffer.alloc(0);
  if (isList && wire !== 'bytes') {
    const packed = Buffer.concat(values);
    return Buffer.concat([varint(number * 8 + 2), varint(packed.length), packed]);
  }
  const tag = varint(number * 8 + WIRE_TYPES[wire]);
  return Buffer.concat(values.flatMap((value) => [tag, value]));
}

function varint(value: number | bigint | boolean): Buffer {
  const small = Number(value);
  if (small >= 0 && small < 128) return Buffer.of(small);
  const bytes: number[] = [];
  let left = BigInt.asUintN(64, BigInt(value));
  for (; left >= 128n; left >>= 7n) bytes.push(Number(left & 127n) | 128);
  return Buffer.from([...bytes, Number(left)]);
}
