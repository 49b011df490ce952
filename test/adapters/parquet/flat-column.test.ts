import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readParquetFile } from '../../../adapters/parquet/read-dataset.ts';
import { writeParquetFile } from '../../../adapters/parquet/write-dataset.ts';
import { columnOfValues } from '../../../domain/data/column-of-values.ts';
import type { ColumnSchema } from '../../../domain/data/columns.ts';
import { columnValue } from '../../../domain/features/canonical.ts';
import type { FeatureValue } from '../../../domain/features/value-types.ts';

const ROWS = 20_000;
const VALUES: readonly (ColumnSchema & { readonly of: (n: number) => FeatureValue })[] = [
  { name: 'bool', type: 'Bool', of: (n) => n % 3 === 0 },
  { name: 'int32', type: 'Int32', of: (n) => (n % 2 === 0 ? -n : n * 100_003) | 0 },
  { name: 'int64', type: 'Int64', of: (n) => (-1n) ** BigInt(n % 2) * (2n ** 62n - BigInt(n)) },
  { name: 'float32', type: 'Float32', of: (n) => (n === 7 ? -0 : n === 8 ? NaN : Math.fround(n / 7)) },
  { name: 'float64', type: 'Float64', of: (n) => (n === 7 ? -0 : n === 8 ? NaN : n === 9 ? -Infinity : n / 7) },
  { name: 'text', type: 'String', of: (n) => (n === 5 ? '' : `Zürich \u{1F600} ${n}`) },
  { name: 'long', type: 'String', of: (n) => 'long '.repeat(20) + n },
  { name: 'bytes', type: 'Bytes', of: (n) => Uint8Array.of(n & 255, n >> 8) },
  { name: 'seconds', type: 'UnixTimestamp', of: (n) => n * 400_000_000 - 4e12 },
  { name: 'instant', type: 'Timestamp', of: (n) => n * 300_000_000_001 - 3e15 },
];

describe('columns of single values in Parquet', () => {
  let folder: string;
  before(async () => { folder = await mkdtemp(join(tmpdir(), 'flat-')); });
  after(() => rm(folder, { recursive: true }));

  for (const [pattern, number] of [['all different', (row: number) => row], ['a few, mixed', (row: number) => (row * 7919) % 13], ['a few, in long runs', (row: number) => Math.floor(row / 777) % 5], ['one', () => 3]] as const) {
    for (const [gaps, missing] of [['no', () => false], ['some', (row: number) => row % 11 === 4 || (row > 500 && row < 900)], ['only', () => true]] as const) {
      it(`come back as they were: ${pattern}, ${gaps} missing values`, async () => {
        const columns = VALUES.map(({ name, type, of }) => columnOfValues({ name, type }, Array.from({ length: ROWS }, (_, row) => (missing(row) ? null : of(number(row))))));
        const path = join(folder, `${pattern}-${gaps}.parquet`);
        const { rowCount, hash } = await writeParquetFile(path, VALUES, (async function* () { yield { rowCount: ROWS, columns }; })());
        assert.equal(rowCount, ROWS);
        let start = 0;
        for await (const batch of readParquetFile(path, { uri: path, rowCount, hash, schema: VALUES.map(({ name, type }) => ({ name, type })) }, VALUES, { start: 0, end: ROWS })) {
          for (const [i, column] of batch.columns.entries()) {
            for (let row = 0; row < batch.rowCount; row++) {
              const [found, wanted] = [columnValue(column, row), columnValue(columns[i]!, start + row)];
              if (!Object.is(found, wanted)) assert.deepEqual(found, wanted, `${column.name}, row ${start + row}`);
            }
          }
          start += batch.rowCount;
        }
        assert.equal(start, ROWS);
      }).timeout(20_000);
    }
  }
});
