import assert from 'node:assert/strict';
import { hashText, KeySet, keyText } from '../../../domain/features/key-set.ts';

describe('a set of keys', () => {
  it('knows every key that was added, and none that was not, also beyond the expected number', () => {
    const set = new KeySet(10);
    for (let n = 0; n < 20_000; n++) set.add(hashText(keyText([BigInt(n), `name ${n % 7}`])));
    assert.equal(set.size, 20_000);
    for (let n = 0; n < 20_000; n++) {
      assert.ok(set.has(hashText(keyText([BigInt(n), `name ${n % 7}`]))), String(n));
      assert.ok(!set.has(hashText(keyText([BigInt(n), `name ${(n % 7) + 1}`]))), String(n));
    }
  });

  it('counts a key once, and takes hashes of zeros like others', () => {
    const set = new KeySet(1);
    for (const hash of [[0, 0], [0, 0], [7, 0], [7, 0]] as const) set.add(hash);
    assert.deepEqual([set.size, set.has([0, 0]), set.has([7, 0]), set.has([8, 0])], [2, true, true, false]);
  });

  it('tells apart keys whose parts run together', () => {
    const texts = [['1', '11'], ['11', '1'], ['1,1', '1'], [1n, 1], ['["1"', '11"]'], [Uint8Array.of(1, 2)], ['1,2']].map((keys) => keyText(keys));
    assert.equal(new Set(texts).size, texts.length);
  });

  it('spreads texts that differ little, and hashes anew for another seed', () => {
    const halves = Array.from({ length: 16 }, () => 0);
    for (let n = 0; n < 16_000; n++) halves[hashText(String(n))[0] >>> 28]!++;
    for (const count of halves) assert.ok(count > 800 && count < 1200, halves.join(' '));
    assert.notDeepEqual(hashText('a', 1), hashText('a', 2));
  });
});
