import assert from 'node:assert/strict';
import fc from 'fast-check';
import { readPayload, writePayload } from '../../../domain/features/pushed-payload.ts';
import type { Field } from '../../../domain/features/definitions.ts';
import type { FeatureValue } from '../../../domain/features/value-types.ts';
import { testView } from '../../contracts/online-rows.ts';

const orNull = <T extends FeatureValue>(values: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(values, { nil: null });
const text = fc.string({ unit: 'binary' });
const FEATURES: readonly Field[] = (['Bool', 'Int32', 'Int64', 'Float64', 'Float32', 'String', 'Bytes', 'UnixTimestamp', 'Array(Int64)', 'Array(Float64)', 'Array(Bytes)'] as const).map((type, index) => ({ name: `f${index}`, type }));
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const bytes = fc.uint8Array();
const rows = fc.array(
  fc.record({
    key: fc.tuple(int64, text),
    values: fc.tuple(orNull(fc.boolean()), orNull(fc.integer()), orNull(int64), orNull(fc.double()), orNull(fc.float()), orNull(text), orNull(bytes), orNull(fc.integer()), orNull(fc.array(int64)), orNull(fc.array(fc.double())), orNull(fc.array(bytes))),
    eventTimestampMicros: fc.integer(),
    createdTimestampMicros: fc.option(fc.integer(), { nil: null }),
    deleted: fc.boolean(),
  }),
);

describe('Rows on the list of what the online store has yet to get', () => {
  it('come back bit for bit, with the view as it was', () => {
    const view = testView('v', [{ name: 'id', type: 'Int64' }, { name: 'name', type: 'String' }], FEATURES, 60);
    fc.assert(
      fc.property(rows, (records) => {
        const given = records.map((row) => ({ ...row }));
        assert.deepEqual(readPayload(JSON.stringify(view), writePayload(given)), { view, rows: given });
      }),
    );
  });
});
