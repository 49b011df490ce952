import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createHashReplies } from '../../../adapters/redis/hash-replies.ts';

type Reply = readonly (Buffer | null)[] | string;

const item = fc.option(fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)), { nil: null });
const reply: fc.Arbitrary<Reply> = fc.oneof(fc.array(item, { maxLength: 90 }), fc.string({ minLength: 1, maxLength: 20 }).map((text) => text.replaceAll(/[\r\n]/g, ' ')));

function encode(value: Reply): Buffer {
  if (typeof value === 'string') return Buffer.from(`-${value}\r\n`);
  return Buffer.concat([Buffer.from(`*${value.length}\r\n`), ...value.flatMap((bytes) => (bytes === null ? [Buffer.from('$-1\r\n')] : [Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n')]))]);
}

function readAll(chunks: readonly Buffer[]): Reply[] {
  const seen: Reply[] = [];
  const replies = createHashReplies({
    hash: (bytes, places, count) => void seen.push(Array.from({ length: count }, (_, index) => (places[index * 2]! < 0 ? null : Buffer.from(bytes.subarray(places[index * 2]!, places[index * 2]! + places[index * 2 + 1]!))))),
    error: (line) => void seen.push(line),
  });
  for (const chunk of chunks) replies.feed(chunk);
  return seen;
}

describe('the replies of hashes', () => {
  it('are the same wherever the bytes are cut on their way', () => {
    fc.assert(
      fc.property(fc.array(reply, { maxLength: 6 }), fc.array(fc.nat({ max: 1500 }), { maxLength: 12 }), (sent, cuts) => {
        const bytes = Buffer.concat(sent.map(encode));
        const ends = [...cuts.filter((cut) => cut <= bytes.length), 0, bytes.length].sort((a, b) => a - b);
        assert.deepEqual(readAll(ends.slice(1).map((end, index) => bytes.subarray(ends[index]!, end))), sent);
      }),
    );
  });

  it('byte by byte are the same, too', () => {
    const sent: Reply[] = [[Buffer.from('a'), null, Buffer.alloc(0)], 'WRONGTYPE no hash', []];
    assert.deepEqual(readAll([...Buffer.concat(sent.map(encode))].map((byte) => Buffer.from([byte]))), sent);
  });

  it('that are long are put together from their parts, and what follows is read where it came', () => {
    const sent: Reply[] = [[Buffer.from('a')], [Buffer.alloc(10_000, 'x'), null, Buffer.alloc(30_000, 'y')], [Buffer.from('b')], 'ERR no'];
    const bytes = Buffer.concat(sent.map(encode));
    for (const cut of [8, 9, 20, 5_000, 10_030, 10_040, 30_000, 40_070, 40_100]) {
      assert.deepEqual(readAll([bytes.subarray(0, cut), bytes.subarray(cut)]), sent);
      assert.deepEqual(readAll([bytes.subarray(0, cut), bytes.subarray(cut, cut + 6_000), bytes.subarray(cut + 6_000)]), sent);
    }
  });

  it('that are none are refused', () => {
    for (const text of ['+OK\r\n', ':1\r\n', '*1\r\n:1\r\n']) assert.throws(() => readAll([Buffer.from(text)]), RangeError);
  });
});
