import fc from 'fast-check';
import { canonicalDecimal } from '../../domain/features/decimal.ts';
import { PRIMITIVE_TYPES, type FeatureValue, type PrimitiveType, type ScalarValue, type ValueType } from '../../domain/features/value-types.ts';

/** Decimals in canonical form. */
export const DECIMALS: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom('NaN', '0', '-1.5', '1234567890123456789012345678901234567890.000000000000000000000000000001'),
  fc.tuple(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), fc.integer({ min: -30, max: 10 })).map(([digits, exponent]) => canonicalDecimal(`${digits}e${exponent}`)!),
);

/** JSON as text, in whatever form. */
export const JSON_TEXTS: fc.Arbitrary<string> = fc.oneof(fc.constantFrom('{"b": 1, "a":1.0}', ' [1, 2]', '"\\u00e9\u{1F600}"', 'null', '12345678901234567890'), fc.json());

const SCALARS: Record<PrimitiveType, fc.Arbitrary<ScalarValue>> = {
  Bytes: fc.uint8Array(),
  String: fc.string({ unit: 'grapheme' }),
  Int32: fc.integer(),
  Int64: fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.bigInt({ min: -200n, max: 200n })),
  Float64: fc.double(),
  Float32: fc.float(),
  Bool: fc.boolean(),
  UnixTimestamp: fc.oneof(fc.integer(), fc.maxSafeInteger()),
  Decimal: DECIMALS,
  Uuid: fc.uuid(),
  Json: JSON_TEXTS,
};

/** Canonical values with their types: every scalar type, and arrays of it. */
export const TYPED_VALUES: fc.Arbitrary<readonly [ValueType, FeatureValue]> = fc.oneof(
  ...PRIMITIVE_TYPES.flatMap((type) => [
    fc.tuple(fc.constant<ValueType>(type), SCALARS[type]),
    fc.tuple(fc.constant<ValueType>(`Array(${type})`), fc.array(SCALARS[type])),
  ]),
);
