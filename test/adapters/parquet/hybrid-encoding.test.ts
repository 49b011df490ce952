import assert from 'node:assert/strict';
import fc from 'fast-check';
import { encodeHybrid } from '../../../adapters/parquet/hybrid-encoding.ts';

/** The decoder as parquet-format's Encodings.md describes it. */
function decodeHybrid(bytes: Uint8Array, bitWidth: number, count: number): number[] {
  const values: number[] = [];
  for (let at = 0; values.length < count;) {
    let header = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]!;
      header |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    if (header % 2 === 0) {
      let value = 0;
      for (let byte = 0; byte < Math.ceil(bitWidth / 8); byte++) value |= bytes[at++]! << (8 * byte);
      for (let i = 0; i < header / 2; i++) values.push(value);
    } else {
      const groups = (header - 1) / 2;
      for (let i = 0; i < groups * 8; i++) {
        let value = 0;
        for (let bit = 0; bit < bitWidth; bit++) value |= ((bytes[at + ((i * bitWidth + bit) >> 3)]! >> ((i * bitWidth + bit) & 7)) & 1) << bit;
        values.push(value);
      }
      at += groups * bitWidth;
    }
  }
  return values.slice(0, count);
}

describe('the RLE and bit-packing hybrid', () => {
  const runs = (most: number) => fc.array(fc.tuple(fc.nat(most), fc.integer({ min: 1, max: 40 })), { maxLength: 40 }).map((parts) => parts.flatMap(([value, length]) => new Array<number>(length).fill(value)));

  it('gives back the values, long runs and short ones, of every width', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 20 }).chain((bitWidth) => fc.tuple(fc.constant(bitWidth), runs(2 ** bitWidth - 1))), ([bitWidth, values]) => {
      assert.deepEqual(decodeHybrid(encodeHybrid(Int32Array.from(values), bitWidth), bitWidth, values.length), values);
    }), { numRuns: 500 });
  });

  it('takes a few bytes for one long run', () => {
    assert.deepEqual([...encodeHybrid(new Uint8Array(50_000).fill(1), 1)], [0xa0, 0x8d, 0x06, 1]);
  });
});
