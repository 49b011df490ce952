import assert from 'node:assert/strict';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { ProtobufMessage } from '../../../adapters/onnx/protobuf-writer.ts';
import { readMetadata } from '../../../adapters/onnx/graph-file.ts';

const schema = protobuf.parse(`syntax = "proto3"; message Inner { string text = 1; bytes blob = 2; } message Outer {
  uint64 integer = 1; float float = 2; Inner inner = 16; repeated uint64 integers = 20; repeated float floats = 2047; }`).root;
const Outer = schema.lookupType('Outer');

const float = fc.float({ noDefaultInfinity: true, noNaN: true });
const integer = fc.oneof(fc.constantFrom(0, 127, 128, 16383, 16384, 2 ** 31, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER), fc.maxSafeNat());

describe('ProtobufMessage', () => {
  it('is read by another implementation as it was written', () => {
    const message = fc.record({ integer, float, text: fc.string({ unit: 'grapheme' }), blob: fc.uint8Array({ maxLength: 300 }), integers: fc.array(integer), floats: fc.array(float) });
    fc.assert(fc.property(message, (value) => {
      const inner = new ProtobufMessage().text(1, value.text).bytes(2, value.blob);
      const outer = new ProtobufMessage().integer(1, value.integer).float(2, value.float).message(16, inner).integers(20, value.integers).floats(2047, Float32Array.from(value.floats));
      const bytes = Buffer.concat(outer.parts);
      assert.equal(bytes.length, outer.length);
      const read = Outer.toObject(Outer.decode(bytes), { longs: Number, defaults: true, bytes: Array });
      assert.deepEqual(read, { integer: value.integer, float: value.float, inner: { text: value.text, blob: [...value.blob] }, integers: value.integers, floats: value.floats });
    }));
  });

  it('refuses numbers that the format would need another form for', () => {
    for (const wrong of [-1, 0.5, Number.NaN, 2 ** 53]) assert.throws(() => new ProtobufMessage().integers(1, [wrong]), RangeError);
  });
});

describe('readMetadata', () => {
  it('finds the texts among other fields, and enters none of those', () => {
    fc.assert(fc.property(fc.dictionary(fc.string(), fc.string({ unit: 'grapheme' })), (texts) => {
      const model = new ProtobufMessage().integer(1, 300).float(3, 1.5);
      for (const [key, value] of Object.entries(texts)) model.message(14, new ProtobufMessage().text(1, key).text(2, value)).bytes(7, Uint8Array.of(114, 0, 255));
      assert.deepEqual(readMetadata(Buffer.concat(model.parts)), new Map(Object.entries(texts)));
    }));
  });
});
