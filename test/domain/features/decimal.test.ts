import assert from 'node:assert/strict';
import fc from 'fast-check';
import { canonicalDecimal } from '../../../domain/features/decimal.ts';
import { DECIMALS } from '../../contracts/value-samples.ts';

describe('the canonical text of a decimal', () => {
  it('is its own canonical text', () => {
    fc.assert(fc.property(DECIMALS, (text) => assert.equal(canonicalDecimal(text), text)));
  });

  it('is the same however the number is written, and another for another number', () => {
    const digits = fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n });
    fc.assert(fc.property(digits, fc.integer({ min: -40, max: 40 }), fc.nat({ max: 9 }), (number, exponent, zeros) => {
      const text = canonicalDecimal(`${number}e${exponent}`)!;
      const more = `${number < 0n ? '-' : '+'}${'0'.repeat(zeros)}${number < 0n ? -number : number}${'0'.repeat(zeros)}.${'0'.repeat(zeros)}E${exponent - zeros}`;
      assert.equal(canonicalDecimal(more), text);
      assert.match(text, /^(0|-?(0|[1-9]\d*)(\.\d*[1-9])?)$/);
      const [whole, fraction = ''] = text.split('.') as [string, string?];
      // The same number: both sides as whole numbers of 10^-40.
      assert.equal(BigInt(whole.replace('-', '') + fraction.padEnd(40, '0')), (number < 0n ? -number : number) * 10n ** BigInt(exponent + 40));
      assert.equal(text.startsWith('-'), number < 0n);
      assert.notEqual(canonicalDecimal(`${number + 1n}e${exponent}`), text);
    }));
  });
});
