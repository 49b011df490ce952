import assert from 'node:assert/strict';
import fc from 'fast-check';
import { keySlot } from '../../../adapters/redis/key-slot.ts';

describe('The slot of a key', () => {
  it('is the same where the key is a part of other bytes, with hash tags in and around it', () => {
    const bytes = fc.array(fc.constantFrom(...Buffer.from('ab{}')), { maxLength: 12 }).map((items) => Buffer.from(items));
    fc.assert(fc.property(bytes, bytes, bytes, (before, key, after) => {
      assert.equal(keySlot(Buffer.concat([before, key, after]), before.length, before.length + key.length), keySlot(key));
    }));
  });

  it('is that of the part between the first braces where there is one', () => {
    for (const [key, part] of [['{ab}c', 'ab'], ['a{b}{c}', 'b'], ['a{{b}}', '{b']] as const) assert.equal(keySlot(Buffer.from(key)), keySlot(Buffer.from(part)), key);
    assert.notEqual(keySlot(Buffer.from('a{}b')), keySlot(Buffer.from('')));
  });
});
