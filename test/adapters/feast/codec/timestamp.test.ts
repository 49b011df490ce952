import assert from 'node:assert/strict';
import { create, toBinary } from '@bufbuild/protobuf';
import { TimestampSchema } from '@bufbuild/protobuf/wkt';
import fc from 'fast-check';
import { ByteWriter } from '../../../../adapters/feast/codec/byte-writer.ts';
import { readTimestamp, readTimestampAt, writeTimestamp } from '../../../../adapters/feast/codec/timestamp.ts';

const YEAR_1 = -62_135_596_800_000_000;
const INSTANTS = fc.oneof(fc.integer({ min: YEAR_1 / 10, max: 2 ** 53 - 1 }), fc.integer({ min: -3_000_000, max: 3_000_000 }), fc.integer({ min: -1e9, max: 1e9 }).map((seconds) => seconds * 1_000_000));

describe('timestamp messages', () => {
  it('are the bytes that generated protobuf code makes, before 1970 too, and come back exact', () => {
    fc.assert(
      fc.property(INSTANTS, (micros) => {
        const seconds = BigInt(Math.floor(micros / 1_000_000));
        const message = create(TimestampSchema, { seconds, nanos: Number(BigInt(micros) - seconds * 1_000_000n) * 1000 });
        assert.equal(encode(micros).toString('hex'), Buffer.from(toBinary(TimestampSchema, message)).toString('hex'));
        assert.equal(readTimestamp(encode(micros)), micros);
        const inside = Buffer.concat([Buffer.from([8]), encode(micros), Buffer.from([200])]);
        assert.equal(readTimestampAt(inside, 1, inside.length - 2), micros);
      }),
    );
  });

  it('are empty for the epoch', () => {
    assert.equal(encode(0).length, 0);
    assert.equal(readTimestamp(new Uint8Array(0)), 0);
  });

  it('lose what is finer than a microsecond', () => {
    assert.equal(readTimestamp(toBinary(TimestampSchema, create(TimestampSchema, { seconds: 1n, nanos: 123_456_789 }))), 1_123_456);
    assert.equal(readTimestamp(toBinary(TimestampSchema, create(TimestampSchema, { seconds: -2n, nanos: 999_999_999 }))), -1_000_001);
  });

  it('that end too early are refused', () => {
    assert.throws(() => readTimestamp(encode(1e15).subarray(0, 2)), RangeError);
  });
});

function encode(micros: number): Buffer {
  const writer = new ByteWriter();
  writeTimestamp(writer, micros);
  return writer.take();
}
