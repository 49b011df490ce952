import assert from 'node:assert/strict';
import fc from 'fast-check';
import { CopyDecoder } from '../../../adapters/postgres/copy-decoder.ts';
import type { CopyColumn } from '../../../adapters/postgres/copy-decoder.ts';
import { batchRows } from '../../contracts/warehouse-harness.ts';

const COLUMNS: readonly CopyColumn[] = [{ name: 'n', type: 'Int32', wire: 'int4' }, { name: 't', type: 'String', wire: 'text' }, { name: 'x', type: 'Float64', wire: 'float8' }];
const rowsOf = fc.array(fc.tuple(fc.option(fc.integer()), fc.option(fc.string({ unit: 'binary' })), fc.option(fc.double({ noNaN: true }))), { maxLength: 30 });
type Row = readonly [number | null, string | null, number | null];

/** The rows as the server sends them: signature, flags, extension, rows of length-prefixed fields, end mark. */
function encode(rows: readonly Row[]): Buffer {
  const field = (bytes: Buffer | null): Buffer[] => (bytes === null ? [int32(-1)] : [int32(bytes.length), bytes]);
  const body = rows.flatMap(([n, t, x]) => [int16(3), ...field(n === null ? null : int32(n)), ...field(t === null ? null : Buffer.from(t)), ...field(x === null ? null : double(x))]);
  return Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), int32(0), int32(4), Buffer.from('ext!'), ...body, int16(-1)]);
}

const int16 = (value: number): Buffer => { const b = Buffer.alloc(2); b.writeInt16BE(value); return b; };
const int32 = (value: number): Buffer => { const b = Buffer.alloc(4); b.writeInt32BE(value); return b; };
const double = (value: number): Buffer => { const b = Buffer.alloc(8); b.writeDoubleBE(value); return b; };

describe('CopyDecoder', () => {
  it('decodes rows however the bytes are cut, in batches of the size asked for', () => {
    fc.assert(fc.property(rowsOf, fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 8 }), (rows, chunkSize, batchRowCount) => {
      const decoder = new CopyDecoder(COLUMNS, batchRowCount);
      const bytes = encode(rows);
      const batches = [];
      for (let start = 0; start < bytes.length; start += chunkSize) batches.push(...decoder.decode(bytes.subarray(start, start + chunkSize)));
      batches.push(...decoder.finish());
      assert.deepEqual(batches.flatMap(batchRows), rows.map((row) => [...row]));
      assert.ok(batches.every(({ rowCount }, i) => rowCount === batchRowCount || i === batches.length - 1));
      assert.ok(batches.every(({ columns }) => columns.every(({ nulls, values }) => nulls === null || (nulls.includes(1) && nulls.length === values.length))));
    }));
  });

  it('keeps earlier batches as they were when later ones are decoded', () => {
    const decoder = new CopyDecoder(COLUMNS, 1);
    const batches = [...decoder.decode(encode([[1, 'a', 1], [null, null, null], [3, 'c', 3]]))];
    assert.deepEqual(batches.map(batchRows), [[[1, 'a', 1]], [[null, null, null]], [[3, 'c', 3]]]);
  });

  it('refuses a stream that ends early or is no COPY', () => {
    const decoder = new CopyDecoder(COLUMNS, 8);
    assert.deepEqual([...decoder.decode(encode([[1, 'a', 1]]).subarray(0, -2))], []);
    assert.throws(() => [...decoder.finish()], /before its last row/);
    assert.throws(() => [...new CopyDecoder(COLUMNS, 8).decode(Buffer.alloc(64, 'x'))], /no COPY data/);
  });
});
