import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createFieldPicker } from '../../../adapters/redis/pick-fields.ts';

type Hash = readonly (readonly [name: string, value: string])[];

/** As a reply has a hash: bytes, and the places of names and values by turns. */
function reply(hash: Hash): { readonly bytes: Buffer; readonly places: Int32Array; readonly count: number } {
  const items = hash.flat().map((text) => Buffer.from(text));
  const places = new Int32Array(items.length * 2 + 4).fill(7); // what an earlier, longer reply left is behind it
  let at = 3;
  items.forEach((item, index) => {
    places.set([at, item.length], index * 2);
    at += item.length;
  });
  return { bytes: Buffer.concat([Buffer.from('???'), ...items]), places, count: items.length };
}

const names = fc.constantFrom('a', 'b', 'cc', '_ts:view', '_ts:wide');
const hash = fc.uniqueArray(names).chain((order) => fc.tuple(...order.map((name) => fc.tuple(fc.constant(name), fc.string()))));

describe('fields of whole hashes', () => {
  it('are found by name in each hash, in whatever order, also when the one before had other fields or none', () => {
    fc.assert(
      fc.property(fc.array(names, { maxLength: 6 }), fc.array(hash, { maxLength: 6 }), (wanted, hashes) => {
        const pick = createFieldPicker(wanted.map((name) => Buffer.from(name)), () => undefined);
        for (const each of hashes as Hash[]) {
          const { bytes, places, count } = reply(each);
          const target = new Int32Array(wanted.length * 2 + 2);
          pick(bytes, places, count, target, 2);
          const found = wanted.map((_, index) => (target[2 + index * 2]! < 0 ? undefined : bytes.toString('utf8', target[2 + index * 2]!, target[2 + index * 2]! + target[3 + index * 2]!)));
          assert.deepEqual(found, wanted.map((name) => each.find(([own]) => own === name)?.[1]));
        }
      }),
    );
  });

  it('tell how wide the hashes are', () => {
    const widths: number[] = [];
    const pick = createFieldPicker([Buffer.from('a')], (fields) => widths.push(fields));
    for (const each of [[['a', '1'], ['b', '2']], [['a', '3'], ['b', '4']], [['a', '5']]] as Hash[]) {
      const { bytes, places, count } = reply(each);
      pick(bytes, places, count, new Int32Array(2), 0);
    }
    assert.deepEqual(widths, [2, 1]);
  });
});
