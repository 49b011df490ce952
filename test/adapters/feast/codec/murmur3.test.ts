import assert from 'node:assert/strict';
import { createFieldKeys } from '../../../../adapters/feast/codec/field-keys.ts';
import { murmur3 } from '../../../../adapters/feast/codec/murmur3.ts';

describe("Feast's field keys", () => {
  it('are what the reference library (mmh3) gives, for every length of the tail and beyond ASCII', () => {
    const hashes = { '': 0, a: 1009084850, ab: 2613040991, abc: 3017643002, abcd: 1139631978, test: 3127628307, 'Hello, world!': 3224780355, 'weather:temp': 2037918543, 'pläne:größe': 373953134, '机:🛫': 678336960 };
    for (const [text, hash] of Object.entries(hashes)) assert.equal(murmur3(Buffer.from(text)), hash, text);
  });

  it('hash a part of a larger buffer as if it stood alone', () => {
    assert.equal(murmur3(Buffer.from('xxtest').subarray(2)), 3127628307);
  });

  it('are four bytes, least significant first, and computed once', () => {
    const keys = createFieldKeys('user_stats');
    assert.equal(keys.feature('clicks').toString('hex'), '9f7bfa51');
    assert.equal(keys.feature('clicks'), keys.feature('clicks'));
    assert.equal(keys.timestamp.toString(), '_ts:user_stats');
  });
});
