import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createEntityKeyEncoder } from '../../../../adapters/feast/codec/entity-key.ts';
import { createEntityKeyReader } from '../../../../adapters/feast/codec/entity-key-reader.ts';
import type { JoinKey } from '../../../../domain/features/snapshot.ts';
import type { FeatureValue, JoinKeyType } from '../../../../domain/features/value-types.ts';

const VALUES: { readonly [T in JoinKeyType]: fc.Arbitrary<FeatureValue> } = {
  Bytes: fc.uint8Array({ maxLength: 6 }).map((bytes) => Uint8Array.from(bytes)),
  String: fc.string({ unit: 'grapheme', maxLength: 6 }),
  Int32: fc.integer(),
  Int64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  UnixTimestamp: fc.integer({ min: -62_135_596_800, max: 253_402_300_799 }),
};
const joinKey = fc.record({ name: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 4 }), type: fc.constantFrom(...(Object.keys(VALUES) as JoinKeyType[])) });
const joinKeys: fc.Arbitrary<JoinKey[]> = fc.uniqueArray(joinKey, { selector: (key) => key.name, maxLength: 4 });

describe('A reader of entity keys', () => {
  it('gives back the values of every key that the encoder makes, in the order of the join keys', () => {
    const example = joinKeys.chain((keys) => fc.tuple(fc.constant(keys), fc.tuple(...keys.map(({ type }) => VALUES[type]))));
    fc.assert(fc.property(example, ([keys, values]) => {
      const key = createEntityKeyEncoder('shop', keys)(values);
      const reader = createEntityKeyReader('shop', keys);
      assert.deepEqual(reader.read(key), values);
      assert.ok(key.subarray(0, reader.prefix.length).equals(reader.prefix) && key.subarray(key.length - reader.suffix.length).equals(reader.suffix));
    }));
  });

  it('knows keys of other projects, also of one whose name ends alike, of other join keys, and cut ones as not its own', () => {
    const keys: JoinKey[] = [{ name: 'id', type: 'String' }, { name: 'n', type: 'Int32' }];
    const { read } = createEntityKeyReader('shop', keys);
    const own = createEntityKeyEncoder('shop', keys)(['x', 1]);
    assert.deepEqual(read(own), ['x', 1]);
    for (const project of ['workshop', 'sho', 'other']) assert.equal(read(createEntityKeyEncoder(project, keys)(['x', 1])), undefined, project);
    assert.equal(read(createEntityKeyEncoder('shop', [{ name: 'id', type: 'String' }, { name: 'n', type: 'Int64' }])(['x', 1n])), undefined);
    assert.equal(read(createEntityKeyEncoder('shop', [{ name: 'id', type: 'String' }])(['x'])), undefined);
    for (let length = 0; length < own.length; length++) assert.equal(read(own.subarray(0, length)), undefined);
  });
});
