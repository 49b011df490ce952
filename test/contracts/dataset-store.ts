import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { columnOfValues } from '../../domain/data/column-of-values.ts';
import type { ColumnSchema, ScalarColumnType, RecordBatch } from '../../domain/data/columns.ts';
import { PipelineError } from '../../domain/errors.ts';
import { PRIMITIVE_TYPES, elementType } from '../../domain/features/value-types.ts';
import type { FeatureValue, ScalarValue, ValueType } from '../../domain/features/value-types.ts';
import { DECIMALS, JSON_TEXTS } from './value-samples.ts';
import type { ArtifactStore } from '../../ports/artifact-store.ts';
import type { DatasetStore } from '../../ports/dataset-store.ts';
import { batchRows } from './warehouse-harness.ts';

export interface DatasetStoreHarness {
  readonly store: DatasetStore;
  readonly artifacts: ArtifactStore;
  close(): Promise<void>;
}

const SCHEMA: readonly ColumnSchema[] = [...PRIMITIVE_TYPES, ...PRIMITIVE_TYPES.map((type) => `Array(${type})` as const), 'Timestamp' as const].map((type) => ({ name: `${type} "column"`, type }));

const VALUES: Readonly<Record<ScalarColumnType, fc.Arbitrary<ScalarValue>>> = {
  Bool: fc.boolean(),
  Int32: fc.integer(),
  Int64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  Float32: fc.float(),
  Float64: fc.double(),
  String: fc.oneof(fc.string({ unit: 'binary' }), fc.string().map((text) => `\uFEFF${text}`)),
  Bytes: fc.uint8Array({ maxLength: 6 }),
  UnixTimestamp: fc.integer({ min: -9_223_372_036_854, max: 9_223_372_036_854 }),
  Timestamp: fc.integer({ min: -9_000_000_000_000_000, max: 9_000_000_000_000_000 }),
  Decimal: DECIMALS,
  Uuid: fc.uuid(),
  Json: JSON_TEXTS,
};
const valuesOf = (type: ColumnSchema['type']): fc.Arbitrary<FeatureValue> => {
  const element = elementType(type as ValueType);
  return element === undefined ? VALUES[type as ScalarColumnType] : fc.array(VALUES[element], { maxLength: 4 });
};
const rowsOf = fc.array(fc.tuple(...SCHEMA.map(({ type }) => fc.option(valuesOf(type), { freq: 4 }))), { maxLength: 40 });

/** One batch of canonical values. */
export function batchOf(schema: readonly ColumnSchema[], rows: readonly (readonly FeatureValue[])[]): RecordBatch {
  return { rowCount: rows.length, columns: schema.map((column, c) => columnOfValues(column, rows.map((row) => row[c] ?? null))) };
}

async function* inBatches(schema: readonly ColumnSchema[], rows: readonly (readonly FeatureValue[])[], size: number): AsyncGenerator<RecordBatch> {
  for (let start = 0; start < rows.length; start += size) yield batchOf(schema, rows.slice(start, start + size));
}

async function rowsFrom(batches: AsyncIterable<RecordBatch>): Promise<FeatureValue[][]> {
  const rows: FeatureValue[][] = [];
  for await (const batch of batches) rows.push(...batchRows(batch));
  return rows;
}

/** What every data set store promises. */
export function describeDatasetStoreContract(name: string, open: () => Promise<DatasetStoreHarness>): void {
  describe(`data set store: ${name}`, () => {
    let harness: DatasetStoreHarness;
    before(async () => { harness = await open(); });
    after(() => harness.close());
    const uri = (): string => harness.artifacts.uri(`datasets/${randomBytes(6).toString('hex')}.parquet`);

    it('gives back every value of every type, missing ones included', async () => {
      await fc.assert(fc.asyncProperty(rowsOf, async (rows) => {
        const ref = await harness.store.write(uri(), SCHEMA, inBatches(SCHEMA, rows, 7));
        assert.equal(ref.rowCount, rows.length);
        assert.deepEqual(await rowsFrom(harness.store.read(ref)), rows.map((row) => [...row]));
      }), { numRuns: 40 });
    });

    it('hashes the rows, not the batches that they came in', async () => {
      const rows = fc.sample(rowsOf, { numRuns: 1, seed: 7, path: '' })[0]!.concat(fc.sample(rowsOf, { numRuns: 20, seed: 8 }).flat());
      const refs = await Promise.all([1, 3, 1000].map((size) => harness.store.write(uri(), SCHEMA, inBatches(SCHEMA, rows, size))));
      assert.ok(rows.length > 20);
      assert.equal(new Set(refs.map(({ hash }) => hash)).size, 1);
    });

    it('gives another hash when a value, a missing mark, the order, a name or a type differs', async () => {
      const schema = [{ name: 'a', type: 'Int64' }, { name: 'b', type: 'String' }] as const;
      const variants: [readonly ColumnSchema[], FeatureValue[][]][] = [
        [schema, [[1n, 'x'], [2n, '']]], [schema, [[1n, 'x'], [2n, null]]], [schema, [[1n, 'x'], [0n, '']]], [schema, [[1n, 'x'], [null, '']]],
        [schema, [[2n, ''], [1n, 'x']]], [schema, [[1n, ''], [2n, 'x']]], [[{ name: 'c', type: 'Int64' }, schema[1]], [[1n, 'x'], [2n, '']]],
        [[{ name: 'a', type: 'Int32' }, schema[1]], [[1, 'x'], [2, '']]], [schema, [[1n, 'x']]],
      ];
      const hashes = await Promise.all(variants.map(async ([columns, rows]) => (await harness.store.write(uri(), columns, inBatches(columns, rows, 9))).hash));
      assert.equal(new Set(hashes).size, variants.length);
    });

    it('reads chosen columns of a range of rows, also across row groups', async () => {
      const schema = [{ name: 'n', type: 'Int32' }, { name: 't', type: 'String' }, { name: 'x', type: 'Float64' }] as const;
      const count = 120_000;
      async function* batches(): AsyncGenerator<RecordBatch> {
        for (let start = 0; start < count; start += 40_000) {
          const n = Int32Array.from({ length: 40_000 }, (_, i) => start + i);
          yield { rowCount: 40_000, columns: [{ name: 'n', type: 'Int32', values: n, nulls: null }, { name: 't', type: 'String', values: Array.from(n, (i) => `row ${i}`), nulls: null }, { name: 'x', type: 'Float64', values: Float64Array.from(n), nulls: null }] };
        }
      }
      const seen: number[] = [];
      const ref = await harness.store.write(uri(), schema, batches(), (rows) => seen.push(rows));
      assert.equal(seen.at(-1), count);
      const rows = await rowsFrom(harness.store.read(ref, { columns: ['t', 'n'], rows: { start: 49_998, end: 100_003 } }));
      assert.equal(rows.length, 50_005);
      assert.deepEqual([rows[0], rows.at(-1)], [['row 49998', 49_998], ['row 100002', 100_002]]);
      assert.ok(rows.every((row, i) => row[1] === 49_998 + i));
      assert.deepEqual(await rowsFrom(harness.store.read(ref, { rows: { start: 5, end: 5 } })), []);
    });

    it('writes and reads a data set without rows', async () => {
      const ref = await harness.store.write(uri(), SCHEMA, inBatches(SCHEMA, [], 1));
      assert.equal(ref.rowCount, 0);
      assert.deepEqual(await rowsFrom(harness.store.read(ref)), []);
    });

    it('replaces a data set that is written again', async () => {
      const schema = [{ name: 'n', type: 'Int32' }] as const;
      const place = uri();
      await harness.store.write(place, schema, inBatches(schema, [[1]], 1));
      const ref = await harness.store.write(place, schema, inBatches(schema, [[2], [3]], 1));
      assert.deepEqual(await rowsFrom(harness.store.read(ref)), [[2], [3]]);
    });

    it('leaves nothing behind when the rows fail half-way', async () => {
      const place = uri();
      async function* failing(): AsyncGenerator<RecordBatch> {
        yield batchOf(SCHEMA, []);
        throw new Error('the source broke');
      }
      await assert.rejects(harness.store.write(place, SCHEMA, failing()), /the source broke/);
      assert.equal(await harness.artifacts.exists(place), false);
    });

    it('refuses batches that do not fit, unknown columns, rows that are not there, and another file in the place of its own', async () => {
      const schema = [{ name: 'n', type: 'Int32' }] as const;
      const ref = await harness.store.write(uri(), schema, inBatches(schema, [[1]], 1));
      const code = (expected: string) => (error: unknown): boolean => error instanceof PipelineError && error.code === expected;
      await assert.rejects(harness.store.write(uri(), SCHEMA, inBatches(schema, [[1]], 1)), code('INVALID_DATA'));
      await assert.rejects(rowsFrom(harness.store.read(ref, { columns: ['m'] })), code('INVALID_INPUT'));
      const seen = [{ name: 'seen', type: 'UnixTimestamp' }] as const; // microseconds by mistake
      await assert.rejects(harness.store.write(uri(), seen, inBatches(seen, [[1_700_000_000_000_000]], 1)), code('INVALID_DATA'));
      await assert.rejects(rowsFrom(harness.store.read(ref, { rows: { start: 0, end: 2 } })), code('INVALID_INPUT'));
      await assert.rejects(rowsFrom(harness.store.read({ ...ref, rowCount: 2 })), code('INVALID_DATA'));
      await assert.rejects(rowsFrom(harness.store.read({ ...ref, schema: [{ name: 'n', type: 'Int64' }] })), code('INVALID_DATA'));
      await assert.rejects(rowsFrom(harness.store.read({ ...ref, uri: uri() })), code('NOT_FOUND'));
    });
  });
}
