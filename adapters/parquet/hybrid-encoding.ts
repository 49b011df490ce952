/** A run of equal values is written as such from this length on; shorter ones bit by bit, eight values at a time. */
const SHORTEST_RUN = 8;

/** Parquet's RLE and bit-packing hybrid (parquet-format, Encodings.md) of values of `bitWidth` bits, at most 24. */
export function encodeHybrid(values: Uint8Array | Int32Array, bitWidth: number): Uint8Array {
  const { length } = values;
  const output = new Uint8Array(16 + Math.ceil(((length + 8) * Math.max(bitWidth, 1)) / 8) + 6 * Math.ceil(length / SHORTEST_RUN));
  let at = 0;
  let packedFrom = 0;
  for (let start = 0; start < length;) {
    let end = start + 1;
    while (end < length && values[end] === values[start]) end++;
    // Bits are packed eight values at a time: a run gives up what the group before it needs.
    const from = packedFrom + Math.ceil((start - packedFrom) / 8) * 8;
    if (end - from < SHORTEST_RUN) {
      start = end;
      continue;
    }
    at = packGroups(values, packedFrom, from, bitWidth, output, at);
    at = appendVarint(output, at, (end - from) * 2);
    for (let byte = 0; byte < Math.ceil(bitWidth / 8); byte++) output[at++] = (values[from]! >>> (8 * byte)) & 0xff;
    start = packedFrom = end;
  }
  at = packGroups(values, packedFrom, length, bitWidth, output, at);
  return output.subarray(0, at);
}

/** Values `from` to `to`, filled up with zeros to whole groups of eight. */
function packGroups(values: Uint8Array | Int32Array, from: number, to: number, bitWidth: number, output: Uint8Array, offset: number): number {
  if (from >= to) return offset;
  const groups = Math.ceil((to - from) / 8);
  let at = appendVarint(output, offset, groups * 2 + 1);
  let bits = 0;
  let held = 0;
  for (let i = from; i < from + groups * 8; i++) {
    bits |= (i < to ? values[i]! : 0) << held;
    for (held += bitWidth; held >= 8; held -= 8) {
      output[at++] = bits & 0xff;
      bits >>>= 8;
    }
  }
  return at;
}

function appendVarint(output: Uint8Array, offset: number, value: number): number {
  let at = offset;
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) output[at++] = (rest & 0x7f) | 0x80;
  output[at++] = rest;
  return at;
}
