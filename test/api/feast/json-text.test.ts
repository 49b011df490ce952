import assert from 'node:assert/strict';
import fc from 'fast-check';
import { JsonTextError, parseJson } from '../../../api/feast/json-text.ts';

const thrown = (text: string): [string, number] => {
  try {
    parseJson(text);
  } catch (error) {
    if (error instanceof JsonTextError) return [error.message, error.position];
    throw error;
  }
  throw new Error(`${text} was read`);
};

describe('Lossless JSON', () => {
  it('reads what JSON.parse reads, by either way', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.boolean(), (value, isLong) => {
        const text = JSON.stringify(isLong ? [value, '1234567890123456'] : [value]);
        const inexact = JSON.stringify(parseJson(text), (_, item: unknown) => (typeof item === 'bigint' ? Number(item) : item));
        assert.equal(inexact, JSON.stringify(JSON.parse(text)));
      }),
    );
  });

  it('keeps every digit of whole numbers', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
        const [read] = parseJson(`[${value}]`) as [number | bigint];
        assert.equal(BigInt(read), value);
        assert.equal(typeof read, Number.isSafeInteger(Number(value)) ? 'number' : 'bigint');
      }),
    );
  });

  it('takes the numbers that Python adds', () => {
    assert.deepEqual(parseJson('[NaN, Infinity, -Infinity, 1e400]'), [Number.NaN, Infinity, -Infinity, Infinity]);
  });

  it('says in the words of Python where a text is not JSON', () => {
    assert.deepEqual(thrown('{"a": }'), ['Expecting value', 6]);
    assert.deepEqual(thrown('{a: 1}'), ['Expecting property name enclosed in double quotes', 1]);
    assert.deepEqual(thrown('{"a" 1}'), ["Expecting ':' delimiter", 5]);
    assert.deepEqual(thrown('[1 2]'), ["Expecting ',' delimiter", 3]);
    assert.deepEqual(thrown('[1] x'), ['Extra data', 4]);
    assert.deepEqual(thrown('["a'), ['Unterminated or invalid string starting at', 1]);
    assert.deepEqual(thrown('['.repeat(500))[0], 'Nested deeper than 200');
  });

  it('makes no object of another kind from a member called __proto__', () => {
    const value = parseJson('{"__proto__": {"x": 1}, "n": 12345678901234567890}') as object;
    assert.deepEqual(Object.keys(value), ['__proto__', 'n']);
    assert.equal(Object.getPrototypeOf(value), Object.prototype);
  });
});
