import assert from 'node:assert/strict';
import fc from 'fast-check';
import { PipelineError } from '../../../domain/errors.ts';
import { canonicalDecimal } from '../../../domain/features/decimal.ts';
import type { PushedRow } from '../../../domain/features/pushed-rows.ts';
import type { FeatureViewSnapshot } from '../../../domain/features/snapshot.ts';
import type { FeatureValue, ValueType } from '../../../domain/features/value-types.ts';
import type { PushLog } from '../../../ports/push-log.ts';
import { testView } from '../../contracts/online-rows.ts';
import { openBigQueryPushHarness, type BigQueryPushHarness } from './push-harness.ts';

const NOW = 1_700_000_000_000_000;
/** 9999-12-31T23:59:59Z and 0001-01-01T00:00:00Z. */
const [LAST, FIRST] = [253_402_300_799, -62_135_596_800];

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const double = fc.double();
const text = fc.string({ unit: 'grapheme', maxLength: 12 }).filter((value) => !value.includes('\0'));
const bytes = fc.uint8Array({ maxLength: 12 });
const seconds = fc.integer({ min: FIRST, max: LAST });
const decimal = fc.tuple(fc.bigInt({ min: -(10n ** 28n), max: 10n ** 28n }), fc.integer({ min: 0, max: 999_999_999 })).map(([whole, rest]) => `${whole}${rest === 0 ? '' : `.${String(rest).padStart(9, '0').replace(/0+$/, '')}`}`);
const bits = (column: string): string => `TO_JSON_STRING(${column})`;

/** Column types, what is pushed, and how the table's value is asked for and written for comparing. */
const CASES: readonly { readonly native: string; readonly type: ValueType; readonly values: fc.Arbitrary<FeatureValue>; readonly sql: (column: string) => string; readonly expected: (value: FeatureValue) => unknown }[] = [
  { native: 'BOOL', type: 'Bool', values: fc.boolean(), sql: (c) => c, expected: (value) => value },
  { native: 'INT64', type: 'Int64', values: int64, sql: (c) => `CAST(${c} AS STRING)`, expected: String },
  { native: 'INT64', type: 'Int32', values: fc.integer(), sql: (c) => `CAST(${c} AS STRING)`, expected: String },
  { native: 'FLOAT64', type: 'Float64', values: double.filter((value) => !Object.is(value, -0)), sql: (c) => c, expected: (value) => value },
  { native: 'STRING', type: 'String', values: text, sql: (c) => c, expected: (value) => value },
  { native: 'BYTES', type: 'Bytes', values: bytes, sql: (c) => `TO_HEX(${c})`, expected: (value) => Buffer.from(value as Uint8Array).toString('hex') },
  { native: 'TIMESTAMP', type: 'UnixTimestamp', values: seconds, sql: (c) => `CAST(UNIX_SECONDS(${c}) AS STRING)`, expected: String },
  { native: 'INT64', type: 'UnixTimestamp', values: seconds, sql: (c) => `CAST(${c} AS STRING)`, expected: String },
  { native: 'NUMERIC', type: 'Decimal', values: decimal, sql: (c) => `CAST(${c} AS STRING)`, expected: String },
  { native: 'JSON', type: 'Json', values: fc.json({ noUnicodeString: true, maxDepth: 1 }), sql: bits, expected: (value) => JSON.parse(value as string) as unknown },
  { native: 'ARRAY<INT64>', type: 'Array(Int64)', values: fc.array(int64, { maxLength: 4 }), sql: (c) => `ARRAY_TO_STRING(ARRAY(SELECT CAST(e AS STRING) FROM UNNEST(${c}) AS e), ',')`, expected: (value) => (value as readonly bigint[]).join(',') },
  { native: 'ARRAY<STRING>', type: 'Array(String)', values: fc.array(fc.stringMatching(/^[a-z"\\]{0,4}$/), { maxLength: 4 }), sql: (c) => `ARRAY_TO_STRING(${c}, ',')`, expected: (value) => (value as readonly string[]).join(',') },
  { native: 'ARRAY<FLOAT64>', type: 'Array(Float64)', values: fc.array(fc.integer().map((n) => n / 8), { maxLength: 4 }), sql: (c) => c, expected: (value) => value },
];

describe('A pushed row as a message for its table in BigQuery', function () {
  this.timeout(30_000);
  let harness: BigQueryPushHarness;
  let log: PushLog;
  let made = 0;
  before(async () => {
    harness = await openBigQueryPushHarness();
    log = harness.open();
    await log.prepare();
  });
  after(() => harness.close());

  const rowOf = (index: number, values: readonly FeatureValue[], event = NOW): PushedRow => ({ key: [BigInt(index)], values, eventTimestampMicros: event, createdTimestampMicros: null, deleted: false });
  const makeTable = async (columns: string, features: FeatureViewSnapshot['features']): Promise<FeatureViewSnapshot> => {
    const name = `t${made++}`;
    await harness.createTable(name, `k INT64, ${columns}, event_timestamp TIMESTAMP`);
    return testView(name, [{ name: 'k', type: 'Int64' }], features);
  };
  const send = (view: FeatureViewSnapshot, rows: readonly PushedRow[], online = false) => log.record([{ receivedMicros: NOW, views: [{ view, rows }], online }]);
  const refused = async (native: string, type: ValueType, values: readonly FeatureValue[]): Promise<string> => {
    const view = await makeTable(`x ${native}`, [{ name: 'x', type }]);
    const error = await send(view, values.map((value, index) => rowOf(index, [value]))).then(() => assert.fail('it was recorded'), (thrown: unknown) => thrown);
    assert.ok(error instanceof PipelineError && ['INVALID_DATA', 'INVALID_DEFINITION'].includes(error.code), String(error));
    assert.equal((await harness.query(`SELECT 1 FROM ${harness.mart}.${view.name}`)).length, 0);
    return error.message;
  };

  it('reads back as it was pushed, in every type, and missing as missing', async () => {
    const view = await makeTable(CASES.map(({ native }, index) => `c${index} ${native}`).join(', '), CASES.map(({ type }, index) => ({ name: `c${index}`, type })));
    const samples = CASES.map(({ values }) => fc.sample(fc.option(values, { nil: null, freq: 8 }), 60));
    await send(view, Array.from({ length: 60 }, (_, row) => rowOf(row, samples.map((column) => column[row]!))));
    const selected = CASES.map(({ sql }, index) => `${sql(`c${index}`)} AS c${index}`).join(', ');
    const rows = await harness.query<Record<string, unknown>>(`SELECT ${selected} FROM ${harness.mart}.${view.name} ORDER BY k`);
    assert.equal(rows.length, 60);
    rows.forEach((row, at) => CASES.forEach(({ native, type, expected }, index) => {
      const pushed = samples[index]![at]!;
      const isList = type.startsWith('Array(');
      const empty = isList ? expected([]) : null;
      const value = type === 'Decimal' && row[`c${index}`] !== null ? canonicalDecimal(row[`c${index}`] as string) : row[`c${index}`];
      const got = native === 'JSON' && typeof value === 'string' ? (JSON.parse(value) as unknown) : isList && value === null ? '' : value; // the stand-in has missing lists, BigQuery none
      assert.deepEqual(got, pushed === null ? empty : expected(pushed), `${type} in ${native}, row ${at}`);
    }));
  });

  it('has the instants of events to the microsecond, in the first and the last year', async () => {
    const view = await makeTable('x INT64', [{ name: 'x', type: 'Int64' }]);
    const events = [NOW, NOW + 1, FIRST * 1_000_000, -1, 4_102_444_800_123_456];
    await send(view, events.map((event, index) => rowOf(index, [1n], event)));
    assert.deepEqual((await harness.query<{ t: string }>(`SELECT CAST(UNIX_MICROS(event_timestamp) AS STRING) AS t FROM ${harness.mart}.${view.name} ORDER BY k`)).map(({ t }) => Number(t)), events);
  });

  it('is online as the table gives it back: a missing list is an empty one in BigQuery', async () => {
    const view = await makeTable('x ARRAY<INT64>', [{ name: 'x', type: 'Array(Int64)' }]);
    const [recorded] = await send(view, [rowOf(1, [null])], true);
    assert.deepEqual(recorded!.views[0]!.rows[0]!.values, [[]]);
  });

  it('is among the raw events with its table, views and values', async () => {
    const view = await makeTable('x FLOAT64', [{ name: 'x', type: 'Float64' }]);
    await send(view, [rowOf(7, [0.5])]);
    await send(view, [rowOf(7, [0.5])]);
    const rows = await harness.query<Record<string, unknown>>(`SELECT table_name, views, UNIX_MICROS(received_timestamp) AS received, UNIX_MICROS(event_timestamp) AS event, UNIX_MICROS(created_timestamp) AS created, JSON_VALUE(document, '$.k') AS k, JSON_VALUE(document, '$.x') AS x FROM ${harness.raw}.pushes WHERE table_name = 'feature_mart.${view.name}'`);
    assert.deepEqual(rows, [{ table_name: `feature_mart.${view.name}`, views: [view.name], received: NOW, event: NOW, created: NOW, k: '7', x: '0.5' }]);
  });

  it('is refused, with every row and column and without the value, where the column would not give it back', async () => {
    const message = await refused('TIMESTAMP', 'UnixTimestamp', [0, 9_000_000_000_000_000, LAST + 1, FIRST - 1]);
    for (const row of [1, 2, 3]) assert.match(message, new RegExp(`row ${row} \\(the first is 0\\), column x: the time is not within the years 1 to 9999`));
    assert.doesNotMatch(message, /row 0 |9000000000000000/);
    assert.match(await refused('ARRAY<TIMESTAMP>', 'Array(UnixTimestamp)', [[0], [0, LAST]]), /row 1 .*column x: .*1685 to 2255/);
    assert.match(await refused('DATE', 'UnixTimestamp', [86_400, 86_401]), /row 1 .*no time of day/);
    assert.match(await refused('INT64', 'Float64', [1, 1.5]), /row 1 .*whole numbers/);
    assert.match(await refused('NUMERIC', 'Decimal', ['1.123456789', '0.1234567891', '100000000000000000000000000000', 'NaN']), /row 1 .*row 2 .*row 3 /s);
    assert.match(await refused('INT64 NOT NULL', 'Int64', [1n, null]), /row 1 .*column x: the column may not be null/);
  });

  it('is refused where the view does not fit the table: a column of another type, one that is missing, one that nobody fills', async () => {
    assert.match(await refused('STRING', 'Int64', [1n]), /feature x: column "x" of feature_mart\.\w+ is STRING, which does not become Int64/);
    assert.match(await refused('y STRING, z INT64 NOT NULL, X2 INT64'.replace(/^y/, 'INT64, y'), 'Int64', [1n]), /column z: table .* requires it/);
    const view = await makeTable('x INT64', [{ name: 'xx', type: 'Int64' }]);
    await assert.rejects(send(view, [rowOf(1, [1n])]), /feature xx: table .* has no column "xx"\. .*"x"/);
  });
});
