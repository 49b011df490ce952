import assert from 'node:assert/strict';
import * as arrow from '@uwdata/flechette';
import fc from 'fast-check';
import { readArrowBatch } from '../../../adapters/bigquery/arrow-batch.ts';
import { columnBuilder } from '../../../adapters/bigquery/arrow-columns.ts';
import type { ReadColumn } from '../../../adapters/bigquery/arrow-columns.ts';
import type { ColumnType } from '../../../domain/data/columns.ts';
import { canonicalize } from '../../../domain/features/canonical.ts';
import type { FeatureValue } from '../../../domain/features/value-types.ts';
import { batchRows } from '../../contracts/warehouse-harness.ts';
import { failure } from '../../contracts/warehouse.ts';

/** The schema message and the batch message of a column, at an offset that typed arrays refuse. */
function messages(type: arrow.DataType, values: readonly unknown[]): readonly [Uint8Array, Uint8Array] {
  const table = arrow.tableFromColumns({ c: arrow.columnFromArray([...values], type, { useBigInt: true }) });
  const ipc = arrow.tableToIPC(table, { format: 'stream' })!;
  const schemaEnd = 8 + new DataView(ipc.buffer, ipc.byteOffset).getInt32(4, true);
  const shifted = new Uint8Array(ipc.length - schemaEnd + 3);
  shifted.set(ipc.subarray(schemaEnd), 3);
  return [ipc.subarray(0, schemaEnd), shifted.subarray(3)];
}

/** The values of an Arrow column read as a type, in the order of `rows` (default: as they come). */
function read(type: ColumnType, arrowType: arrow.DataType, values: readonly unknown[], rows?: readonly number[], present?: readonly boolean[]): FeatureValue[] {
  const column: ReadColumn = { name: 'x', type, source: 'c', view: 'v' };
  const builder = columnBuilder(column, values.length);
  const given = readArrowBatch(...messages(arrowType, values)).columns.get('c')!;
  const flags = present === undefined ? undefined : readArrowBatch(...messages(arrow.bool(), present)).columns.get('c')!;
  builder.put(given, { start: 0, rows: rows === undefined ? undefined : Int32Array.from(rows) }, flags);
  return batchRows({ rowCount: values.length, columns: [builder.finish()] }).map(([value]) => value!);
}

const permutation = (length: number, seed: number): number[] => Array.from({ length }, (_, i) => i).sort((a, b) => ((a * 7919 + seed) % 104_729) - ((b * 7919 + seed) % 104_729));

describe('the columns of an Arrow batch', () => {
  const rowsOf = <T>(value: fc.Arbitrary<T>) => fc.tuple(fc.array(fc.option(value), { minLength: 1, maxLength: 70 }), fc.nat(1000));
  const same = <T>(type: ColumnType, arrowType: arrow.DataType, value: fc.Arbitrary<T>, expected: (value: T) => FeatureValue): void => {
    fc.assert(fc.property(rowsOf(value), ([values, seed]) => {
      const wanted = values.map((item) => (item === null ? null : expected(item)));
      assert.deepEqual(read(type, arrowType, values), wanted);
      const rows = permutation(values.length, seed);
      const scattered = read(type, arrowType, values, rows);
      assert.deepEqual(rows.map((row) => scattered[row]), wanted);
    }), { numRuns: 40 });
  };
  const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

  it('keep whole numbers exact, as each of the types that they become', () => {
    same('Int64', arrow.int64(), int64, (value) => value);
    same('Int32', arrow.int64(), fc.integer().map(BigInt), Number);
    same('Float64', arrow.int64(), int64, Number);
    same('Float32', arrow.int64(), int64, (value) => canonicalize('Float32', value));
    same('Decimal', arrow.int64(), int64, String);
  });

  it('keep doubles by their bits, and round them to Float32 once', () => {
    same('Float64', arrow.float64(), fc.double(), (value) => value);
    same('Float32', arrow.float64(), fc.double({ min: -3e38, max: 3e38, noDefaultInfinity: true }), Math.fround);
    assert.deepEqual(read('Float32', arrow.float64(), [Infinity, NaN, 1e-300]), [Infinity, NaN, 0]);
  });

  it('keep texts, bytes and booleans', () => {
    const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('\uFEFFx', '', 'Zürich', '\u{1F600}', 'a'.repeat(30)));
    same('String', arrow.utf8(), text, (value) => value);
    same('Json', arrow.utf8(), text, (value) => value);
    same('Bytes', arrow.binary(), fc.uint8Array(), (value) => value);
    same('Bool', arrow.bool(), fc.boolean(), (value) => value);
    same('Uuid', arrow.utf8(), fc.uuid(), (value) => value);
    assert.deepEqual(read('Uuid', arrow.utf8(), ['A0EEBC999C0B4EF8BB6D6BB9BD380A11']), ['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11']);
  });

  it('count instants in microseconds, or in whole seconds towards minus infinity', () => {
    const millis = fc.integer({ min: -8e12, max: 8e12 }); // what the writer of the test takes
    same('Timestamp', arrow.timestamp(arrow.TimeUnit.MICROSECOND, 'UTC'), millis, (value) => value * 1000);
    same('Timestamp', arrow.timestamp(arrow.TimeUnit.MICROSECOND), millis, (value) => value * 1000);
    assert.deepEqual(read('UnixTimestamp', arrow.timestamp(arrow.TimeUnit.MICROSECOND, 'UTC'), [-1, 1500, null]), [-1, 1, null]);
    assert.deepEqual(read('Timestamp', arrow.dateDay(), [new Date('1970-01-02T00:00:00Z'), null]), [86_400_000_000, null]);
    assert.deepEqual(read('UnixTimestamp', arrow.int64(), [5n, -(2n ** 63n), null]), [5, null, null]);
  });

  it('write decimals in their one text, and round them to Float32 and Float64 once', () => {
    const wide = 2n ** 100n + 1n;
    for (const width of [128, 256] as const) {
      const type = arrow.decimal(width === 128 ? 38 : 76, 9, width);
      const given = [1_500_000_000n, -1n, 0n, -(10n ** 20n), wide, null];
      assert.deepEqual(read('Decimal', type, given), ['1.5', '-0.000000001', '0', '-100000000000', canonicalize('Decimal', `${wide}e-9`), null]);
      assert.deepEqual(read('Float64', type, given), [1.5, -1e-9, 0, -1e11, Number(`${wide}e-9`), null]);
    }
    // Halfway between two Float32 values once rounded to a double: from the decimal text it lies above, and rounds up.
    const [digits, scale] = [1_000_000_178_813_934_326_171_875_000_000_000_001n, 36];
    assert.deepEqual(read('Float32', arrow.decimal(38, scale, 128), [digits]), [Math.fround(1 + 2 ** -22)]);
    assert.deepEqual(read('Decimal', arrow.utf8(), ['01.50', 'nan']), ['1.5', 'NaN']);
  });

  it('hold lists of every element type, empty where there are no elements', () => {
    const list = (type: ColumnType, item: arrow.DataType, value: readonly unknown[], expected: FeatureValue = value as FeatureValue) =>
      assert.deepEqual(read(type, arrow.list(item), [value, [], null, value]), [expected, [], null, expected], type);
    list('Array(Int64)', arrow.int64(), [1n, 2n ** 62n]);
    list('Array(Float64)', arrow.float64(), [0.5, NaN]);
    list('Array(Float32)', arrow.float64(), [0.1], [Math.fround(0.1)]);
    list('Array(String)', arrow.utf8(), ['', 'ü']);
    list('Array(Bool)', arrow.bool(), [true, false]);
    list('Array(Bytes)', arrow.binary(), [Uint8Array.of(0, 255)]);
    list('Array(UnixTimestamp)', arrow.timestamp(arrow.TimeUnit.MICROSECOND, 'UTC'), [-1], [-1]);
  });

  it('are missing where the table says that there was no list', () => {
    assert.deepEqual(read('Array(Int64)', arrow.list(arrow.int64()), [[], [], [1n]], undefined, [true, false, true]), [[], null, [1n]]);
  });

  it('refuse what does not fit, by name, and do not show it', () => {
    const refused = (type: ColumnType, arrowType: arrow.DataType, value: unknown, message: RegExp): void =>
      assert.throws(() => read(type, arrowType, [value]), (error: Error) => failure('INVALID_DATA', /Column x of feature view v/, message)(error) && !/987|secret/.test(error.message));
    refused('Float32', arrow.float64(), 9.87e300, /too large for Float32/);
    refused('Int32', arrow.int64(), 987_654_321_987n, /too large for Int32/);
    refused('Timestamp', arrow.timestamp(arrow.TimeUnit.MICROSECOND, 'UTC'), -(2 ** 54), /years 1685 to 2255/);
    refused('UnixTimestamp', arrow.int64(), 2n ** 60n, /2\^53/);
    refused('Uuid', arrow.utf8(), 'secret', /no UUID/);
    refused('Decimal', arrow.utf8(), 'secret', /no decimal/);
    refused('Int64', arrow.utf8(), 'secret', /does not become Int64/);
    refused('Array(Int64)', arrow.list(arrow.int64()), [1n, null], /missing element/);
    refused('Array(Int64)', arrow.int64(), 1n, /no lists/);
  });
});
