import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createKeyNames } from '../../../../adapters/redis/readable/key-names.ts';
import { textOfValue, valueOfText } from '../../../../adapters/redis/readable/text-value.ts';
import { PipelineError } from '../../../../domain/errors.ts';
import { sameValue } from '../../../../domain/features/canonical.ts';
import type { FeatureValue, ValueType } from '../../../../domain/features/value-types.ts';
import { testView } from '../../../contracts/online-rows.ts';

const text = fc.string({ unit: fc.constantFrom('a', ':', '%', ',', '@', '3', 'ñ', '\n', '🛫'), maxLength: 5 });
const VALUES = {
  Bool: fc.boolean(),
  Int32: fc.integer(),
  Int64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  Float32: fc.float(),
  Float64: fc.double(),
  String: text,
  Bytes: fc.uint8Array({ maxLength: 6 }).map((bytes) => Uint8Array.from(bytes)),
  UnixTimestamp: fc.oneof(fc.integer({ min: -62_135_596_800, max: 253_402_300_799 }), fc.constantFrom(-62_135_596_801, 253_402_300_800)),
} as const;

describe('Readable keys and texts', () => {
  it('are those that a person expects', () => {
    const names = createKeyNames(testView('user_demographics', [{ name: 'user', type: 'String' }], [{ name: 'age', type: 'Int64' }]));
    assert.deepEqual(names.row(names.id(['user123'])), ['user_demographics:@event_timestamp:user123', 'user_demographics:@created_timestamp:user123', 'user_demographics:@features:user123', 'user_demographics:age:user123']);
    const texts: [ValueType, FeatureValue, string][] = [['Int64', 34n, '34'], ['Float32', Math.fround(0.1), '0.1'], ['Float64', 34, '34.0'], ['Float64', -0, '-0.0'], ['Bool', true, 'true'], ['UnixTimestamp', 0, '1970-01-01T00:00:00Z'], ['Array(Float64)', [1, Number.NaN], '[1.0,"NaN"]'], ['Array(Int64)', [1n, 2n ** 60n], '[1,"1152921504606846976"]']];
    for (const [type, value, expected] of texts) assert.equal(textOfValue(type, value), expected);
  });

  it('lead back to the values that they were made of, of every type and in lists', () => {
    for (const [type, values] of Object.entries(VALUES) as [keyof typeof VALUES, fc.Arbitrary<FeatureValue>][]) {
      fc.assert(fc.property(values, (value) => sameValue(valueOfText(type, textOfValue(type, value)), value)));
      fc.assert(fc.property(fc.array(values, { maxLength: 4 }), (list) => sameValue(valueOfText(`Array(${type})`, textOfValue(`Array(${type})`, list as never)), list as never)));
    }
  });

  it('keep rows apart and give back their key values, whatever is in names and values', () => {
    const row = fc.record({ view: text.filter((name) => name !== ''), feature: text.filter((name) => name !== ''), b: text, a: fc.oneof(text) });
    const keysOf = ({ view, feature, a, b }: { readonly view: string; readonly feature: string; readonly a: string; readonly b: string }) => {
      const names = createKeyNames(testView(view, [{ name: 'b', type: 'String' }, { name: 'a', type: 'String' }], [{ name: feature, type: 'Int64' }]));
      const id = names.id([b, a]);
      assert.deepEqual(names.values(id), [b, a]);
      for (const key of names.row(id)) assert.equal(names.idOf(key), id);
      return names.row(id);
    };
    fc.assert(fc.property(row, row, (one, other) => {
      const same = one.view === other.view && one.a === other.a && one.b === other.b;
      const shared = keysOf(one).filter((key) => keysOf(other).includes(key));
      assert.equal(shared.length, same ? (one.feature === other.feature ? 3 : 2) : 0);
    }));
  });

  it('of another type are refused', () => {
    for (const [type, wrong] of [['Int64', '1.5'], ['Int64', '34.0'], ['Float64', '34'], ['Bool', '1'], ['UnixTimestamp', 'noon'], ['Array(Int64)', '{}'], ['Array(Int64)', '[1.5]'], ['Int32', '3000000000']] as const) {
      assert.throws(() => valueOfText(type, wrong), (error: unknown) => error instanceof PipelineError && error.code === 'INVALID_DATA', `${type} ${wrong}`);
    }
  });
});
