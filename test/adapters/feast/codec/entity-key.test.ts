import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ByteWriter } from '../../../../adapters/feast/codec/byte-writer.ts';
import { createEntityKeyEncoder, createEntityKeyWriter } from '../../../../adapters/feast/codec/entity-key.ts';
import type { JoinKey } from '../../../../domain/features/snapshot.ts';
import type { FeatureValue } from '../../../../domain/features/value-types.ts';

const KNOWN: readonly (readonly [string, readonly JoinKey[], readonly FeatureValue[], string])[] = [
  ['one Int64', [{ name: 'user_id', type: 'Int64' }], [1n], '010000000200000007000000757365725f69640400000008000000010000000000000073686f70'],
  ['a String beyond ASCII', [{ name: 'u', type: 'String' }], ['ñ'], '010000000200000001000000750200000002000000c3b173686f70'],
  ['a negative Int32', [{ name: 'user_id', type: 'Int32' }], [-1], '010000000200000007000000757365725f69640300000004000000ffffffff73686f70'],
  [
    'two keys, not in the order of their names',
    [{ name: 'b_key', type: 'Int64' }, { name: 'a_key', type: 'String' }],
    [1n, 'x'],
    '020000000200000005000000615f6b65790200000005000000625f6b65790200000001000000780400000008000000010000000000000073686f70',
  ],
  ['no entities', [], [], '01000000020000000a0000005f5f64756d6d795f6964020000000000000073686f70'],
];

describe("Feast's entity keys", () => {
  for (const [title, joinKeys, values, hex] of KNOWN) {
    it(`are the bytes that Feast writes: ${title}`, () => assert.equal(createEntityKeyEncoder('shop', joinKeys)(values).toString('hex'), hex));
  }

  it('write a UnixTimestamp as 64-bit seconds and Bytes as they are', () => {
    const key = createEntityKeyEncoder('', [{ name: 'a', type: 'UnixTimestamp' }, { name: 'b', type: 'Bytes' }])([-2, Uint8Array.of(9)]).toString('hex');
    assert.equal(key, '02000000' + '020000000100000061' + '020000000100000062' + '0800000008000000feffffffffffffff' + '010000000100000009');
  });

  it('sort names by code point, not by UTF-16 unit', () => {
    const names = ['\u{1F6EB}', '\uFFFD']; // the first is greater by code point and smaller by unit
    const key = createEntityKeyEncoder('', names.map((name) => ({ name, type: 'Int32' })))([1, 2]);
    assert.ok(key.indexOf(Buffer.from('\uFFFD')) < key.indexOf(Buffer.from('\u{1F6EB}')));
    assert.equal(key.readInt32LE(key.length - 4), 1);
  });

  it('differ where the values or the project differ', () => {
    const joinKeys: JoinKey[] = [{ name: 'a', type: 'String' }, { name: 'b', type: 'String' }];
    const row = fc.tuple(fc.string({ maxLength: 3 }), fc.string({ maxLength: 3 }));
    fc.assert(
      fc.property(row, row, (one, other) => {
        const encode = createEntityKeyEncoder('shop', joinKeys);
        assert.equal(encode(one).equals(encode(other)), one[0] === other[0] && one[1] === other[1]);
      }),
    );
  });

  it('refuse null and values that are not canonical, and are right again afterwards', () => {
    const encode = createEntityKeyEncoder('shop', [{ name: 'user_id', type: 'Int64' }]);
    assert.throws(() => encode([null]), /Int64 cannot be null/);
    assert.throws(() => encode([1]), /Int64 cannot be a number/);
    assert.throws(() => encode([1n, 2n]), /2 values for 1 join keys/);
    assert.equal(encode([1n]).toString('hex'), KNOWN[0]?.[3]);
  });

  it('are the same one behind the other', () => {
    const writer = new ByteWriter(1);
    for (const [, joinKeys, values] of KNOWN) createEntityKeyWriter('shop', joinKeys)(writer, values);
    assert.equal(writer.take().toString('hex'), KNOWN.map(([, , , hex]) => hex).join(''));
  });
});
