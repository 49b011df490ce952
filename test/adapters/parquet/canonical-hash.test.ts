import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { CanonicalHash } from '../../../adapters/parquet/canonical-hash.ts';
import type { Column, RecordBatch } from '../../../domain/data/columns.ts';

const sha256 = (...parts: readonly (string | Uint8Array)[]): Buffer => createHash('sha256').update(Buffer.concat(parts.map((part) => Buffer.from(part as Uint8Array)))).digest();
const digestOf = (...batches: readonly RecordBatch[]): string => {
  const hash = new CanonicalHash(batches[0]!.columns.map(({ name, type }) => ({ name, type })));
  for (const batch of batches) hash.update(batch);
  return hash.digest();
};
const numbers = (values: Float64Array, nulls: Uint8Array | null = null): RecordBatch => ({ rowCount: values.length, columns: [{ name: 'x', type: 'Float64', values, nulls }] });

describe('the canonical hash of rows', () => {
  it('is made as described, so that another program can make it', () => {
    const columns: Column[] = [
      { name: 'n', type: 'Int32', values: Int32Array.of(1, 0, -2), nulls: Uint8Array.of(0, 1, 0) },
      { name: 't', type: 'String', values: ['a', 'Zü', ''], nulls: null },
    ];
    const integers = sha256(Uint8Array.of(1, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff));
    const texts = sha256(Uint8Array.of(1, 0, 0, 0), 'a', Uint8Array.of(3, 0, 0, 0), 'Zü', Uint8Array.of(0, 0, 0, 0));
    const expected = sha256('{"schema":[{"name":"n","type":"Int32"},{"name":"t","type":"String"}],"rows":3}', sha256(Uint8Array.of(0, 1, 0)), integers, sha256(new Uint8Array(3)), texts);
    assert.equal(digestOf({ rowCount: 3, columns }), expected.toString('hex'));
  });

  it('counts the elements of a list, and then takes them as a column would', () => {
    const lists: RecordBatch = { rowCount: 3, columns: [{ name: 'l', type: 'Array(Int32)', values: [[1, -2], [], []], nulls: Uint8Array.of(0, 1, 0) }] };
    const values = sha256(Uint8Array.of(2, 0, 0, 0, 1, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 0, 0, 0, 0));
    assert.equal(digestOf(lists), sha256('{"schema":[{"name":"l","type":"Array(Int32)"}],"rows":3}', sha256(Uint8Array.of(0, 1, 0)), values).toString('hex'));
    const of = (...rows: readonly (readonly string[])[]): string => digestOf({ rowCount: rows.length, columns: [{ name: 't', type: 'Array(String)', values: rows, nulls: null }] });
    assert.equal(new Set([of(['a'], ['b']), of(['a', 'b'], []), of([], ['a', 'b']), of(['ab'], [])]).size, 4);
  });

  it('does not see what stands in the place of a missing value, nor the bits of a NaN', () => {
    const otherNaN = new Float64Array(new BigUint64Array([0xfff8000000000001n]).buffer);
    assert.equal(digestOf(numbers(otherNaN)), digestOf(numbers(Float64Array.of(NaN))));
    assert.equal(digestOf(numbers(Float64Array.of(1, 99), Uint8Array.of(0, 1))), digestOf(numbers(Float64Array.of(1, NaN), Uint8Array.of(0, 1))));
  });

  it('tells 0 from -0, and a missing value from NaN and from 0', () => {
    const all = [numbers(Float64Array.of(0)), numbers(Float64Array.of(-0)), numbers(Float64Array.of(NaN)), numbers(Float64Array.of(0), Uint8Array.of(1))].map((batch) => digestOf(batch));
    assert.equal(new Set(all).size, all.length);
  });

  it('leaves the batch as it was', () => {
    const batch = numbers(Float64Array.of(1, 2, 3), Uint8Array.of(1, 0, 0));
    digestOf(batch);
    assert.deepEqual(batch.columns[0]!.values, Float64Array.of(1, 2, 3));
  });
});
