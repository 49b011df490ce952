import fc from 'fast-check';
import { canonicalDecimal } from '../../domain/features/decimal.ts';

/** Decimals in canonical form. */
export const DECIMALS: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom('NaN', '0', '-1.5', '1234567890123456789012345678901234567890.000000000000000000000000000001'),
  fc.tuple(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), fc.integer({ min: -30, max: 10 })).map(([digits, exponent]) => canonicalDecimal(`${digits}e${exponent}`)!),
);

/** JSON as text, in whatever form. */
export const JSON_TEXTS: fc.Arbitrary<string> = fc.oneof(fc.constantFrom('{"b": 1, "a":1.0}', ' [1, 2]', '"\\u00e9\u{1F600}"', 'null', '12345678901234567890'), fc.json());
