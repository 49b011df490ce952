import assert from 'node:assert/strict';
import fc from 'fast-check';
import { PipelineError } from '../../../domain/errors.ts';
import { canonicalize, columnValue, sameValue } from '../../../domain/features/canonical.ts';
import type { FeatureValue, ValueType } from '../../../domain/features/value-types.ts';

const ACCEPTED: readonly (readonly [ValueType, unknown, FeatureValue])[] = [
  ['Bool', false, false],
  ['Int32', 7, 7],
  ['Int32', '-2147483648', -2147483648],
  ['Int32', 2147483647n, 2147483647],
  ['Int32', -0, 0],
  ['Int32', '12.00', 12],
  ['Int64', 9007199254740991, 9007199254740991n],
  ['Int64', '9223372036854775807', 9223372036854775807n],
  ['Int64', '+5', 5n],
  ['Float64', '0.1', 0.1],
  ['Float64', 'NaN', Number.NaN],
  ['Float64', '-Infinity', -Infinity],
  ['Float64', 3n, 3],
  ['Float64', -0, -0],
  ['Float32', 0.1, 0.10000000149011612],
  ['Float32', Number.NaN, Number.NaN],
  ['Float32', Infinity, Infinity],
  ['String', '', ''],
  ['String', 'Perú 🛫', 'Perú 🛫'],
  ['Bytes', Buffer.from([0, 255]), Uint8Array.of(0, 255)],
  ['Bytes', 'AP8=', Uint8Array.of(0, 255)],
  ['UnixTimestamp', 1.9, 1],
  ['UnixTimestamp', -1.5, -2],
  ['UnixTimestamp', -0.0, 0],
  ['UnixTimestamp', 1700000000n, 1700000000],
  ['UnixTimestamp', new Date('2026-11-01T12:00:00.999Z'), 1793534400],
  ['UnixTimestamp', '2026-11-01T13:00:00.123456+01:00', 1793534400],
  ['UnixTimestamp', '1969-12-31T23:59:59.5', -1],
  ['UnixTimestamp', -(2n ** 63n), null],
  ['Array(Int64)', [1, '2', 3n], [1n, 2n, 3n]],
  ['Array(Float32)', Float64Array.of(0.1), [0.10000000149011612]],
  ['Array(String)', [], []],
  ['Decimal', '-001.500', '-1.5'],
  ['Decimal', '1.5E+3', '1500'],
  ['Decimal', '.25', '0.25'],
  ['Decimal', '-0.00', '0'],
  ['Decimal', '5.', '5'],
  ['Decimal', 0.1, '0.1'],
  ['Decimal', 1e-7, '0.0000001'],
  ['Decimal', 9007199254740993n, '9007199254740993'],
  ['Decimal', 'nan', 'NaN'],
  ['Decimal', -Infinity, '-Infinity'],
  ['Uuid', '0F8FAD5B-D9CB-469F-A165-70867728950E', '0f8fad5b-d9cb-469f-a165-70867728950e'],
  ['Uuid', '0f8fad5bd9cb469fa16570867728950e', '0f8fad5b-d9cb-469f-a165-70867728950e'],
  ['Json', ' {"b": 1, "a":1.0}', ' {"b": 1, "a":1.0}'],
  ['Array(Decimal)', ['1.0', 2], ['1', '2']],
];

const REFUSED: readonly (readonly [ValueType, unknown, RegExp])[] = [
  ['Bool', 1, /1 does not fit Bool/],
  ['Int32', 2147483648, /2147483648 does not fit Int32: it is not within/],
  ['Int32', 1.5, /1\.5 does not fit Int32: it is not a whole number/],
  ['Int32', true, /Int32/],
  ['Int32', '', /"" does not fit Int32/],
  ['Int64', 2 ** 53, /give it as text/],
  ['Int64', '9223372036854775808', /not within/],
  ['Int64', '0x10', /not a whole number/],
  ['Float64', 'one', /"one" does not fit Float64: it is not a number/],
  ['Float64', ' ', /not a number/],
  ['Float64', '1e999', /too large/],
  ['Float32', 1e39, /too large/],
  ['String', 5, /put it in quotes/],
  ['String', 'a\ud800', /lone surrogate/],
  ['Bytes', 'not base64', /base64/],
  ['Decimal', 'one', /"one" does not fit Decimal: it is not a decimal number/],
  ['Decimal', '1e999999999', /131072 digits/],
  ['Decimal', '1e-20000', /131072 digits/],
  ['Decimal', 2 ** 60, /give it as text/],
  ['Decimal', true, /Decimal/],
  ['Uuid', '0f8fad5b', /8-4-4-4-12/],
  ['Json', '{a: 1}', /does not fit Json: it is not JSON text/],
  ['Json', { a: 1 }, /give the document as JSON text/],
  ['UnixTimestamp', 'yesterday', /2026-11-23T10:00:00Z/],
  ['UnixTimestamp', '2026-02-30T10:00:00Z', /2026-11-23T10:00:00Z/],
  ['UnixTimestamp', new Date(Number.NaN), /an invalid Date/],
  ['UnixTimestamp', Infinity, /Infinity/],
  ['Array(Int64)', [1, null], /element 1 is missing/],
  ['Array(Int64)', 5, /not an array/],
  ['Array(Int64)', [1, 1.5], /1\.5 does not fit Int64/],
];

describe('canonical values', () => {
  for (const [type, raw, expected] of ACCEPTED) {
    it(`take ${label(raw)} as ${type} ${label(expected)}`, () => assert.deepEqual(canonicalize(type, raw), expected));
  }

  for (const [type, raw, message] of REFUSED) {
    it(`refuse ${label(raw)} as ${type}`, () => {
      assert.throws(() => canonicalize(type, raw), (error: unknown) => error instanceof PipelineError && error.code === 'INVALID_DATA' && message.test(error.message));
    });
  }

  it('are null for null and undefined, whatever the type', () => {
    for (const type of ['Int64', 'Array(String)', 'UnixTimestamp'] as const) assert.deepEqual([canonicalize(type, null), canonicalize(type, undefined)], [null, null]);
  });

  it('never show a long value whole in a message', () => {
    assert.throws(() => canonicalize('Int32', 'x'.repeat(10_000)), (error: Error) => error.message.length < 200);
  });

  it('stay as they are when they are made canonical again', () => {
    const cases: fc.Arbitrary<readonly [ValueType, unknown]>[] = [
      fc.tuple(fc.constant('Float64' as const), fc.double()),
      fc.tuple(fc.constant('Float32' as const), fc.float()),
      fc.tuple(fc.constant('Int64' as const), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
      fc.tuple(fc.constant('UnixTimestamp' as const), fc.double({ min: -1e12, max: 1e12, noNaN: true })),
      fc.tuple(fc.constant('Array(Float32)' as const), fc.array(fc.float())),
    ];
    fc.assert(
      fc.property(fc.oneof(...cases), ([type, raw]) => {
        const once = canonicalize(type, raw);
        assert.ok(sameValue(canonicalize(type, once), once));
      }),
    );
  });

  it('round decimal text to Float32 once: just beside the middle of two Float32 it goes to the nearer one', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0x0080_0000, max: 0x7f00_0000 }), fc.boolean(), fc.boolean(), (bits, above, negative) => {
        const low = float32OfBits(bits);
        const high = float32OfBits(bits + 1);
        const middle = exactDecimal((low + high) / 2);
        const text = `${negative ? '-' : ''}${above ? `${middle}0000000000000000000000001` : justBelow(middle)}`;
        const nearer = above ? high : low;
        assert.equal(canonicalize('Float32', text), negative ? -nearer : nearer);
      }),
    );
  });

  it('round decimal text in the very middle of two Float32 to the even one, and keep numbers that are Float32 already', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0x0080_0000, max: 0x7f00_0000 }), (bits) => {
        const middle = exactDecimal((float32OfBits(bits) + float32OfBits(bits + 1)) / 2);
        assert.equal(canonicalize('Float32', middle), float32OfBits(bits + (bits % 2)));
        assert.equal(canonicalize('Float32', exactDecimal(float32OfBits(bits))), float32OfBits(bits));
      }),
    );
    assert.equal(canonicalize('Float32', 16777217n), 16777216);
    assert.equal(canonicalize('Float32', '7.0064923216240853546186479164495e-46'), 0); // half of the smallest
    assert.equal(canonicalize('Float32', '7.0064923216240853546186479164496e-46'), 2 ** -149);
  });
});

describe('sameValue', () => {
  it('tells 0 from -0, null from NaN and from empty, and sees one NaN', () => {
    const different: [FeatureValue, FeatureValue][] = [[0, -0], [null, Number.NaN], [null, ''], [null, []], [1n, 1], [[], ['']], [Uint8Array.of(1), [1]], [Uint8Array.of(1), Uint8Array.of(2)], [[1], [1, 1]]];
    for (const [a, b] of different) assert.equal(sameValue(a, b), false);
    const same: [FeatureValue, FeatureValue][] = [[Number.NaN, Number.NaN], [null, null], [[Number.NaN], [Number.NaN]], [Uint8Array.of(1, 2), Buffer.from([1, 2])], [[Uint8Array.of(1)], [Uint8Array.of(1)]]];
    for (const [a, b] of same) assert.equal(sameValue(a, b), true);
  });
});

describe('columnValue', () => {
  it('gives the canonical value of a row, and null where the column says so', () => {
    const nulls = Uint8Array.of(0, 1);
    assert.equal(columnValue({ name: 'c', type: 'Bool', values: Uint8Array.of(1, 0), nulls: null }, 0), true);
    assert.equal(columnValue({ name: 'c', type: 'Bool', values: Uint8Array.of(1, 0), nulls: null }, 1), false);
    assert.equal(columnValue({ name: 'c', type: 'Int64', values: BigInt64Array.of(-5n, 0n), nulls }, 0), -5n);
    assert.equal(columnValue({ name: 'c', type: 'Int64', values: BigInt64Array.of(-5n, 0n), nulls }, 1), null);
    assert.equal(columnValue({ name: 'c', type: 'Float32', values: Float32Array.of(0.1), nulls: null }, 0), Math.fround(0.1));
    assert.equal(columnValue({ name: 'c', type: 'String', values: ['x', ''], nulls }, 1), null);
  });
});

function label(raw: unknown): string {
  if (typeof raw === 'bigint') return `${raw}n`;
  if (Array.isArray(raw)) return `[${raw.map(label).join(', ')}]`;
  if (ArrayBuffer.isView(raw)) return raw.constructor.name;
  return typeof raw === 'string' ? JSON.stringify(raw) : Object.is(raw, -0) ? '-0' : raw instanceof Date ? 'a Date' : String(raw);
}

function float32OfBits(bits: number): number {
  return new Float32Array(Int32Array.of(bits).buffer)[0] as number;
}

/** All decimal digits of a positive double: a double is a whole number divided by a power of two, so they end. */
function exactDecimal(value: number): string {
  let mantissa = value;
  let twos = 0;
  while (!Number.isInteger(mantissa)) {
    mantissa *= 2;
    twos++;
  }
  const digits = (BigInt(mantissa) * 5n ** BigInt(twos)).toString().padStart(twos + 1, '0');
  return `${digits.slice(0, digits.length - twos)}.${twos === 0 ? '0' : digits.slice(-twos)}`;
}

/** A decimal a little less than the given one (which is not zero): one unit less in a digit far behind the last. */
function justBelow(decimal: string): string {
  const [whole = '', fraction = ''] = decimal.split('.');
  const digits = (BigInt(`${whole}${fraction}${'0'.repeat(20)}`) - 1n).toString().padStart(fraction.length + 21, '0');
  return `${digits.slice(0, digits.length - fraction.length - 20)}.${digits.slice(-(fraction.length + 20))}`;
}
