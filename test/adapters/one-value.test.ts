import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { createFileArtifactStore } from '../../adapters/file/artifact-store.ts';
import { createParquetDatasetStore } from '../../adapters/parquet/dataset-store.ts';
import { columnOf } from '../../domain/data/columns.ts';
import { PipelineError } from '../../domain/errors.ts';
import { columnValue, sameValue } from '../../domain/features/canonical.ts';
import { compareValues } from '../../domain/features/point-in-time.ts';
import type { Field } from '../../domain/features/definitions.ts';
import type { FeatureViewSnapshot } from '../../domain/features/snapshot.ts';
import { PRIMITIVE_TYPES } from '../../domain/features/value-types.ts';
import type { FeatureValue, PrimitiveType, ScalarValue, ValueType } from '../../domain/features/value-types.ts';
import type { OnlineStore } from '../../ports/online-store.ts';
import { DECIMALS, JSON_TEXTS } from '../contracts/value-samples.ts';
import { viewOf } from '../contracts/warehouse-harness.ts';
import { openPostgres } from './postgres/harness.ts';
import type { PostgresHarness } from './postgres/harness.ts';
import { openRedisHarness } from './redis/harness.ts';
import type { RedisHarness } from './redis/harness.ts';

const NOON = 1_700_000_000_000_000;
const NUMBERS = ['0', '-0', 'NaN', 'Infinity', '-Infinity', '0.1', '16777217', '1.000000178813934326171875', '3.4028234e38', '1e-45', '-2.5e-40'];
const text = fc.oneof(fc.constantFrom('', ' ', '\uFEFFx', 'NaN', 'null', '"', '\\N', '\u{1F600}'), fc.string({ unit: 'binary' })).map((value) => value.replaceAll('\0', ''));
const float = fc.oneof(fc.constantFrom(...NUMBERS), fc.float().map(String));
const int = (bits: bigint): fc.Arbitrary<string> => fc.oneof(fc.constantFrom(-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n, 0n, -1n), fc.bigInt({ min: -(2n ** (bits - 1n)), max: 2n ** (bits - 1n) - 1n })).map(String);
const instant = fc.integer({ min: -8e15, max: 8e15 }).map((micros) => `${new Date(Math.floor(micros / 1000)).toISOString().slice(0, -1)}${String(((micros % 1000) + 1000) % 1000).padStart(3, '0')}`);

const json = fc.oneof(fc.constantFrom('{"b": 1, "a":1.0}', ' [1, 2]', '12345678901234567890.50', 'null'), fc.json().filter((document) => !document.includes('\\u0000')));

/** A column of each type that PostgreSQL has, what may be in it, and every type that it may be declared as. */
const SINGLE: readonly (readonly [native: string, values: fc.Arbitrary<string>, declared: readonly PrimitiveType[]])[] = [
  ['boolean', fc.constantFrom('true', 'false'), ['Bool']],
  ['smallint', int(16n), ['Int32', 'Int64', 'Float32', 'Float64', 'UnixTimestamp']],
  ['integer', int(32n), ['Int32', 'Int64', 'Float32', 'Float64', 'UnixTimestamp']],
  ['bigint', int(64n), ['Int64', 'Float32', 'Float64']],
  ['bigint', fc.oneof(fc.bigInt({ min: -(2n ** 43n), max: 2n ** 43n }), fc.constant(-(2n ** 63n))).map(String), ['UnixTimestamp']],
  ['real', float, ['Float32', 'Float64']],
  ['double precision', float, ['Float32', 'Float64']],
  ['double precision', fc.double().map((value) => (Object.is(value, -0) ? '-0' : String(value))), ['Float64']],
  ['numeric', fc.oneof(fc.constantFrom('NaN', '0', '1.000000178813934326171875000000000001', '-12345678901234567890.50'), fc.integer().map((value) => `${value}e-7`)), ['Float32', 'Float64', 'Decimal']],
  ['text', text, ['String']],
  ['varchar', text, ['String']],
  ['char(8)', fc.constantFrom('', 'a', 'a b', '  c'), ['String']],
  ['uuid', fc.oneof(fc.uuid(), fc.uuid().map((value) => value.toUpperCase())), ['String', 'Uuid']],
  ['json', json, ['Json']],
  ['jsonb', json, ['Json']],
  ['bytea', fc.uint8Array({ maxLength: 9 }).map((value) => `\\x${Buffer.from(value).toString('hex')}`), ['Bytes']],
  ['timestamptz', instant.map((value) => `${value}Z`), ['UnixTimestamp']],
  ['timestamp', instant, ['UnixTimestamp']],
  ['date', instant.map((value) => value.slice(0, 10)), ['UnixTimestamp']],
];

/** An array of each, by the text of its elements; the number that is "not a time" is no element. */
const LISTS = SINGLE.map(([native, values, declared]) => [
  `${native}[]`,
  fc.array(values.filter((value) => declared[0] !== 'UnixTimestamp' || value !== String(-(2n ** 63n))), { maxLength: 4 }).map((items) => `{${items.map((item) => `"${item.replace(/["\\]/g, '\\$&')}"`).join(',')}}`),
  declared.map((type) => `Array(${type})` as const),
] as const);
const COLUMNS: readonly (readonly [native: string, values: fc.Arbitrary<string>, declared: readonly ValueType[]])[] = [...SINGLE, ...LISTS];

/** A canonical value of each type. */
const CANONICAL: Readonly<Record<PrimitiveType, fc.Arbitrary<ScalarValue>>> = {
  Bytes: fc.uint8Array({ maxLength: 9 }), String: text, Int32: int(32n).map(Number), Int64: int(64n).map(BigInt), Float64: fc.double(), Float32: fc.float(), Bool: fc.boolean(),
  UnixTimestamp: fc.integer({ min: -9e12, max: 9e12 }), Decimal: DECIMALS, Uuid: fc.uuid(), Json: JSON_TEXTS.filter((document) => !document.includes('\\u0000')),
};

describe('One value in training and in serving', () => {
  let postgres: PostgresHarness;
  let redis: RedisHarness;
  let store: OnlineStore;
  let folder: string;
  before(async () => {
    [postgres, redis, folder] = await Promise.all([openPostgres(), openRedisHarness(), mkdtemp(join(tmpdir(), 'one-value-'))]);
    store = redis.connect(null);
  });
  after(async () => {
    await Promise.all([postgres.close(), redis.close(), rm(folder, { recursive: true, force: true })]);
  });

  it('is the same in bits from the table to a training set\'s file, and from the table to the online store, for every type of column and key', async () => {
    const rowCount = 400;
    const features = COLUMNS.flatMap(([, , declared], i) => declared.map((type): Field => ({ name: `f${i}_${type.toLowerCase().replace(/\W/g, '')}`, type })));
    const view = viewOf({ name: 'everything', joinKeys: [{ name: 'id', type: 'Int64' }, { name: 'word', type: 'String' }], features, source: { name: 'everything', table: 'feature_mart.everything', timestampField: 'at' } });
    // fieldMapping gives a column one name; here each has one per type that it is read as.
    const views = features.map((feature): FeatureViewSnapshot => ({ ...view, name: `view_${feature.name}`, features: [feature], source: { ...view.source, fieldMapping: { [feature.name.split('_')[0]!]: feature.name } } }));
    const rows = fc.sample(fc.tuple(text, ...COLUMNS.map(([, values]) => fc.option(values, { freq: 8 }))), { numRuns: rowCount, seed: 20261123 });
    await postgres.client.query(`CREATE TABLE feature_mart.everything (id bigint, word text, at timestamptz, ${COLUMNS.map(([native], i) => `f${i} ${native}`).join(', ')})`);
    await postgres.client.query(`INSERT INTO feature_mart.everything SELECT id, word, timestamptz '2023-11-14 22:13:20Z', ${COLUMNS.map(([native], i) => `f${i}::${native}`).join(', ')}
      FROM unnest($1::bigint[], $2::text[], ${COLUMNS.map((_, i) => `$${i + 3}::text[]`).join(', ')}) AS v (id, word, ${COLUMNS.map((_, i) => `f${i}`).join(', ')})`,
    [rows.map((_, id) => String(2n ** 60n + BigInt(id))), ...rows[0]!.map((_, c) => rows.map((row) => row[c]))]);

    const offline = await trained(views);
    assert.equal(offline.length, rowCount);
    const online = await served(views, offline.map(({ key }) => key));
    for (const [row, { key, values }] of offline.entries()) {
      values.forEach((value, i) => assert.ok(sameValue(value, online[i]![row]!), `${features[i]!.name} of ${String(key[0])}: ${String(value)} in training, ${String(online[i]![row])} in serving`));
    }
  });

  it('is the value that stands in the table, of every type and of lists of it', async () => {
    const types: readonly ValueType[] = [...PRIMITIVE_TYPES, ...PRIMITIVE_TYPES.map((type) => `Array(${type})` as const)];
    const features = types.map((type, i): Field => ({ name: `v${i}`, type }));
    const value = (type: PrimitiveType): fc.Arbitrary<FeatureValue> => fc.option(CANONICAL[type], { freq: 8 });
    const list = (type: PrimitiveType): fc.Arbitrary<FeatureValue> => fc.option(fc.array(CANONICAL[type], { maxLength: 4 }), { freq: 8 });
    const rows = fc.sample(fc.tuple(...PRIMITIVE_TYPES.map(value), ...PRIMITIVE_TYPES.map(list)), { numRuns: 300, seed: 20261124 });
    const columns = [{ name: 'id', type: 'Int64' }, { name: 'word', type: 'String' }, { name: 'at', type: 'Timestamp' }, ...features] as const;
    await postgres.createTable('feature_mart.typed', columns, rows.map((row, id) => [BigInt(id), 'x', NOON, ...row]));
    const view = viewOf({ name: 'typed', joinKeys: [{ name: 'id', type: 'Int64' }, { name: 'word', type: 'String' }], features, source: { name: 'typed', table: 'feature_mart.typed', timestampField: 'at' } });
    const views = features.map((feature): FeatureViewSnapshot => ({ ...view, name: `typed_${feature.name}`, features: [feature] }));
    const offline = await trained(views, 'feature_mart.typed');
    const online = await served(views, offline.map(({ key }) => key));
    assert.equal(offline.length, rows.length);
    for (const [row, { key, values }] of offline.entries()) {
      const expected = rows[Number(key[0])]!;
      values.forEach((found, i) => {
        assert.ok(sameValue(found, expected[i]!), `${types[i]} in training: ${String(found)}, not ${String(expected[i])}`);
        assert.ok(sameValue(online[i]![row]!, expected[i]!), `${types[i]} in serving: ${String(online[i]![row])}, not ${String(expected[i])}`);
      });
    }
  });

  it('decides ties as the oracle does, of every type and of lists of it', async () => {
    const types: readonly ValueType[] = [...PRIMITIVE_TYPES, ...PRIMITIVE_TYPES.map((type) => `Array(${type})` as const)];
    const numbers = { ...CANONICAL, Decimal: fc.oneof(fc.constantFrom('9', '10', '1.5', '-2', '0.15', 'NaN'), DECIMALS), Json: fc.constantFrom('[2]', '[10]', '{}', '"é"', 'null') };
    const views: FeatureViewSnapshot[] = [];
    const expected: Exclude<FeatureValue, null>[][] = [];
    for (const [i, type] of types.entries()) {
      const one: fc.Arbitrary<FeatureValue> = numbers[PRIMITIVE_TYPES[i % PRIMITIVE_TYPES.length]!];
      const values = fc.sample(i < PRIMITIVE_TYPES.length ? one : fc.array(one as fc.Arbitrary<ScalarValue>, { maxLength: 3 }), { numRuns: 120, seed: 20261125 + i }) as Exclude<FeatureValue, null>[];
      const columns = [{ name: 'id', type: 'Int64' }, { name: 'at', type: 'Timestamp' }, { name: 'v', type }] as const;
      await postgres.createTable(`feature_mart.tied_${i}`, columns, values.map((value, row) => [BigInt(Math.floor(row / 4)), NOON, value]));
      views.push(viewOf({ name: `tied_${i}`, joinKeys: [{ name: 'id', type: 'Int64' }], features: [{ name: 'v', type }], source: { name: 'tied', table: `feature_mart.tied_${i}`, timestampField: 'at' } }));
      expected.push(Array.from({ length: values.length / 4 }, (_, id) => values.slice(4 * id, 4 * id + 4).sort(compareValues)[0]!));
    }
    const online = await served(views, expected[0]!.map((_, id) => [BigInt(id)]));
    online.forEach((found, i) => found.forEach((value, id) => {
      assert.equal(compareValues(value!, expected[i]![id]!), 0, `${types[i]} of ${id}: ${String(value)}, not ${String(expected[i]![id])}`);
    }));
  });

  it('is refused on both sides where an array has null elements or several dimensions, or an instant is infinite', async () => {
    await postgres.client.query(`CREATE TABLE feature_mart.odd AS SELECT 1::bigint AS id, 'x' AS word, timestamptz '2023-11-14 22:13:20Z' AS at,
      ARRAY[1, NULL] AS holes, ARRAY[[1, 2], [3, 4]] AS matrix, ARRAY[timestamptz 'infinity'] AS endless, timestamptz 'infinity' AS forever, date '-infinity' AS ever, 9007199254740992 AS beyond`);
    const of = (feature: Field): FeatureViewSnapshot => viewOf({ name: `odd_${feature.name}`, joinKeys: [{ name: 'id', type: 'Int64' }], features: [feature], source: { name: 'odd', table: 'feature_mart.odd', timestampField: 'at' } });
    for (const [feature, message] of [
      [{ name: 'holes', type: 'Array(Int64)' }, /Column holes of feature view odd_holes holds an array with a null element \(the 2\. of 2\).*array_remove/],
      [{ name: 'matrix', type: 'Array(Int32)' }, /Column matrix of feature view odd_matrix holds an array of 2 dimensions/],
      [{ name: 'endless', type: 'Array(UnixTimestamp)' }, /Column endless of feature view odd_endless .*infinity/],
      [{ name: 'forever', type: 'UnixTimestamp' }, /Column forever of feature view odd_forever .*infinity/],
      [{ name: 'ever', type: 'UnixTimestamp' }, /Column ever of feature view odd_ever .*infinity/],
      [{ name: 'beyond', type: 'UnixTimestamp' }, /Column beyond of feature view odd_beyond .*2\^53/],
    ] as const) {
      for (const refused of [() => trained([of(feature)], 'feature_mart.odd'), () => served([of(feature)], [[1n]])]) {
        await assert.rejects(refused, (error: unknown) => error instanceof PipelineError && error.code === 'INVALID_DATA' && !error.retryable && message.test(error.message));
      }
    }
  });

  /** What a training set's file holds for each entity. */
  async function trained(views: readonly FeatureViewSnapshot[], table = 'feature_mart.everything'): Promise<{ readonly key: readonly FeatureValue[]; readonly values: readonly FeatureValue[] }[]> {
    const spine = await postgres.warehouse.writeSpine({
      name: table.slice('feature_mart.'.length), query: { sql: `SELECT id, word, at AS event_timestamp FROM ${table}`, values: [] }, entityColumns: ['id', 'word'], timestampColumn: 'event_timestamp', asOfMicros: NOON, expiresAtMicros: NOON,
    });
    const columns = views.map(({ name, features }) => ({ view: name, feature: features[0]!.name, column: features[0]!.name }));
    const joined = await postgres.warehouse.historicalFeatures({ spine, timestampColumn: 'event_timestamp', selection: { views, columns } });
    const artifacts = createFileArtifactStore(folder);
    const datasets = createParquetDatasetStore(artifacts);
    const found = [];
    for await (const batch of datasets.read(await datasets.write(artifacts.uri(`${table}.parquet`), joined.schema, joined.batches))) {
      for (let row = 0; row < batch.rowCount; row++) {
        const value = (name: string): FeatureValue => columnValue(columnOf(batch, name), row);
        found.push({ key: [value('id'), value('word')], values: columns.map(({ column }) => value(column)) });
      }
    }
    return found;
  }

  /** What the online store answers, [view][entity]. */
  async function served(views: readonly FeatureViewSnapshot[], entityKeys: readonly (readonly FeatureValue[])[]): Promise<FeatureValue[][]> {
    for (const view of views) {
      const newest = await postgres.warehouse.newestRows({ view, startMicros: NOON, endMicros: NOON, slice: { index: 0, count: 1 } });
      for await (const batch of newest.batches) await store.write(view, batch);
    }
    const answers = await store.read(views.map((view) => ({ view, features: view.features.map(({ name }) => name), entityKeys })));
    return answers.map((entities) => entities.map(({ values }) => values[0]!));
  }
});
