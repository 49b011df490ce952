import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Field } from '../../domain/features/definitions.ts';
import { pointInTimeJoin } from '../../domain/features/point-in-time.ts';
import type { AsOfRow, SourceRow } from '../../domain/features/point-in-time.ts';
import { keyColumn, selectedName } from '../../domain/features/snapshot.ts';
import type { FeatureViewSnapshot } from '../../domain/features/snapshot.ts';
import type { FeatureValue, ValueType } from '../../domain/features/value-types.ts';
import type { HistoricalFeaturesRequest, JoinStrategy } from '../../ports/warehouse.ts';
import { DECIMALS } from './value-samples.ts';
import { collectRows, column, viewOf } from './warehouse-harness.ts';
import type { WarehouseHarness } from './warehouse-harness.ts';

const NOON = 1_700_000_000_000_000;
const feature = (name: string, type: ValueType): Field => ({ name, type });
const FEATURES: readonly Field[] = [
  feature('n', 'Int64'), feature('x', 'Float64'), feature('t', 'String'), feature('b', 'Bool'), feature('i', 'Int32'), feature('f', 'Float32'), feature('y', 'Bytes'), feature('s', 'UnixTimestamp'),
  feature('d', 'Decimal'), feature('u', 'Uuid'), feature('numbers', 'Array(Int64)'), feature('texts', 'Array(String)'),
];
const SOURCE_COLUMNS = [column('k1', 'String'), column('k2', 'Int64'), column('event_timestamp', 'Timestamp'), column('created', 'Timestamp'), column('gone', 'Bool'), ...FEATURES.map(({ name, type }) => column(name, type))];
const SPINE_COLUMNS = [column('k1', 'String'), column('k2', 'Int64'), column('other', 'String'), column('event_timestamp', 'Timestamp'), column('id', 'Int64')];

/** A row of the source and whether it is a tombstone. */
interface Row extends SourceRow {
  readonly gone: boolean | null;
}
/** A spine row; `other` may stand for k1. */
interface SpineRow extends AsOfRow {
  readonly other: string | null;
}

// Few values, close together, so that ties, edges and mismatches are frequent.
const text = fc.option(fc.constantFrom('1', '11', '1x', 'x', '', 'Zürich', '\u{1F600}'), { freq: 12 });
const keys = fc.tuple(text, fc.option(fc.constantFrom(-1n, 1n, 11n), { freq: 12 }));
const instant = fc.integer({ min: -6, max: 6 }).chain((seconds) => fc.integer({ min: -1, max: 1 }).map((micros) => NOON + seconds * 500_000 + micros));
const values: fc.Arbitrary<FeatureValue[]> = fc.tuple(
  fc.option(fc.constantFrom(0n, 1n, 2n ** 60n + 1n)), fc.option(fc.constantFrom(-0.5, 1e300, NaN, 0.1)), fc.option(fc.constantFrom('a', 'B', '\uFF21', '\u{1F600}')), fc.option(fc.boolean()),
  fc.option(fc.constantFrom(-1, 7)), fc.option(fc.constantFrom(Math.fround(0.1), Infinity)), fc.option(fc.constantFrom(Uint8Array.of(), Uint8Array.of(0, 255))), fc.option(fc.constantFrom(-1, 1_700_000_000)),
  fc.option(DECIMALS), fc.option(fc.constantFrom('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11')), fc.option(fc.constantFrom([], [1n, -1n], [2n])), fc.option(fc.constantFrom(['', 'a'], ['"', '\\'])),
);
const sourceRow: fc.Arbitrary<Row> = fc.record({ keys, eventTimestampMicros: fc.option(instant, { freq: 20 }), createdTimestampMicros: fc.option(instant), values, gone: fc.option(fc.boolean()) });
const spineRow: fc.Arbitrary<SpineRow> = fc.record({ keys, asOfMicros: fc.option(instant, { freq: 20 }), other: text });
/** The order that writeSpine gives. */
const spineOrder = (rows: readonly SpineRow[]): SpineRow[] => [...rows].sort((a, b) => (a.asOfMicros ?? Infinity) - (b.asOfMicros ?? Infinity));

interface Tables {
  readonly spine: readonly SpineRow[];
  readonly source: readonly Row[];
}
const oneCase: fc.Arbitrary<Tables> = fc.record({ spine: fc.array(spineRow, { minLength: 1, maxLength: 60 }), source: fc.array(sourceRow, { maxLength: 120 }) });

/** As many cases as are asked for, in one pair of tables: the keys of each are its own. */
function tablesOf(cases: number): fc.Arbitrary<Tables> {
  const own = (key: FeatureValue, index: number): FeatureValue => (typeof key === 'string' && index > 0 ? `${key}~${index}` : key);
  return fc.array(oneCase, { minLength: cases, maxLength: cases }).map((drawn) => ({
    spine: spineOrder(drawn.flatMap(({ spine }, index) => spine.map((row) => ({ ...row, keys: row.keys.map((key) => own(key, index)), other: own(row.other, index) as string | null })))),
    source: drawn.flatMap(({ source }, index) => source.map((row) => ({ ...row, keys: row.keys.map((key) => own(key, index)) }))),
  }));
}

/** Views over one table: with and without ttl, edges, created column, as known, tombstones; one key or none in place of two; a key held by another column. */
function views(table: string): FeatureViewSnapshot[] {
  const base = { joinKeys: [{ name: 'k1', type: 'String' }, { name: 'k2', type: 'Int64' }] as const, features: FEATURES };
  const source = { name: 'source', table, timestampField: 'event_timestamp' };
  const dated = { ...source, createdTimestampColumn: 'created' };
  return [
    viewOf({ ...base, name: 'endless', source: dated }),
    viewOf({ ...base, name: 'short', source: dated, ttlSeconds: 1 }),
    viewOf({ ...base, name: 'fraction', source: dated, ttlSeconds: 0.5 }),
    viewOf({ ...base, name: 'now', source: dated, ttlSeconds: 0 }),
    viewOf({ ...base, name: 'centuries', source: dated, ttlSeconds: 10_000_000_000 }), // 317 years: more microseconds than a double counts
    viewOf({ ...base, name: 'known', source: dated, ttlSeconds: 2, asKnown: true }),
    viewOf({ ...base, name: 'undated', source, ttlSeconds: 2 }),
    viewOf({ ...base, name: 'mortal', source: { ...dated, deletedColumn: 'gone' }, ttlSeconds: 2 }),
    viewOf({ ...base, name: 'one_key', source: dated, joinKeys: [base.joinKeys[0]] }),
    viewOf({ ...base, name: 'one_key', alias: 'other', joinKeyMap: { k1: 'other' }, source: dated, joinKeys: [base.joinKeys[0]] }),
    viewOf({ ...base, name: 'no_key', source: dated, joinKeys: [], ttlSeconds: 1 }),
  ];
}

function expected(view: FeatureViewSnapshot, spine: readonly SpineRow[], source: readonly Row[]): FeatureValue[][] {
  const held: readonly string[] = view.joinKeys.map(({ name }) => keyColumn(view, name));
  const seen = source.map((row) => ({
    ...row,
    keys: row.keys.slice(0, held.length),
    createdTimestampMicros: view.source.createdTimestampColumn === undefined ? null : row.createdTimestampMicros,
    values: view.source.deletedColumn !== undefined && row.gone === true ? row.values.map(() => null) : row.values,
  }));
  const asOf = spine.map((row) => ({ ...row, keys: held.map((name) => ({ k1: row.keys[0]!, k2: row.keys[1]!, other: row.other })[name] ?? null) }));
  return pointInTimeJoin(view, asOf, seen).map((found) => [...(found?.values ?? view.features.map(() => null))]);
}

/** The join of the warehouse against the oracle, on random tables. */
export function describeJoinAgainstOracle(harness: () => WarehouseHarness): void {
  const join = async (strategy: JoinStrategy, request: Omit<HistoricalFeaturesRequest, 'timestampColumn'>): Promise<{ readonly columns: readonly string[]; readonly rows: FeatureValue[][] }> => {
    const stream = await harness().warehouse.historicalFeatures({ ...request, timestampColumn: 'event_timestamp', strategy });
    assert.equal(stream.strategy, strategy);
    return { columns: stream.schema.map(({ name }) => name), rows: await collectRows(stream) };
  };

  it('joins as the oracle says by every strategy, for random tables with ties, edges, missing keys and times', async () => {
    let run = 0;
    const { randomTables: numRuns, casesOfTable } = harness().nature;
    await fc.assert(fc.asyncProperty(tablesOf(casesOfTable), async ({ spine, source: drawn }) => {
      const source = harness().nature.hasMissingLists ? drawn : drawn.map((row) => ({ ...row, values: row.values.map((value, i) => (FEATURES[i]!.type.startsWith('Array') ? (value ?? []) : value)) }));
      const [spineTable, sourceTable] = [`spine_data.spine_${run}`, `feature_mart.source_${run++}`];
      await harness().createTable(sourceTable, SOURCE_COLUMNS, source.map((row) => [...row.keys, row.eventTimestampMicros, row.createdTimestampMicros, row.gone, ...row.values]));
      await harness().createTable(spineTable, [column('row_number', 'Int64'), ...SPINE_COLUMNS], spine.map((row, i) => [BigInt(i), ...row.keys, row.other, row.asOfMicros, BigInt(i)]));
      const all = views(sourceTable);
      const columns = all.flatMap((view) => view.features.map(({ name }) => ({ view: selectedName(view), feature: name, column: `${selectedName(view)}__${name}` })));
      const parts = all.map((view) => expected(view, spine, source));
      const wanted = spine.map((row, i) => [...row.keys, row.other, row.asOfMicros, BigInt(i), ...parts.flatMap((part) => part[i]!)]);
      for (const strategy of harness().nature.strategies) {
        const joined = await join(strategy, { spine: { table: spineTable, rowCount: spine.length, schema: SPINE_COLUMNS, asOfMicros: NOON }, selection: { views: all, columns } });
        assert.deepEqual(joined.columns, [...SPINE_COLUMNS.map(({ name }) => name), ...columns.map((c) => c.column)]);
        assert.deepEqual(joined.rows, wanted, strategy);
      }
    }), { numRuns, endOnFailure: numRuns < 5 });
  }).timeout(120_000);

  it('takes some features of a view in any order by every strategy, and decides ties by all of them', async () => {
    await harness().createTable('feature_mart.tied', SOURCE_COLUMNS, [1n, 0n, null].map((n) => ['x', 1n, NOON, NOON, null, n, Number(n ?? 9), n === 0n ? 'first' : 'other', ...FEATURES.slice(3).map(() => null)]));
    await harness().createTable('spine_data.tied', [column('row_number', 'Int64'), ...SPINE_COLUMNS], [[0n, 'x', 1n, null, NOON, 0n]]);
    const [view] = views('feature_mart.tied');
    const columns = ['t', 'x'].map((feature) => ({ view: 'endless', feature, column: feature }));
    for (const strategy of harness().nature.strategies) {
      const { rows } = await join(strategy, { spine: { table: 'spine_data.tied', rowCount: 1, schema: SPINE_COLUMNS, asOfMicros: NOON }, selection: { views: [view!], columns } });
      assert.deepEqual(rows, [['x', 1n, null, NOON, 0n, 'first', 0]], strategy);
    }
  });

  it('joins a spine of no rows, and one without instants, by every strategy', async () => {
    await harness().createTable('feature_mart.some', SOURCE_COLUMNS, [['x', 1n, NOON, NOON, null, 1n, ...FEATURES.slice(1).map(() => null)]]);
    const [view] = views('feature_mart.some');
    for (const rows of [[], [[0n, 'x', 1n, null, null, 0n]]]) {
      await harness().createTable('spine_data.none', [column('row_number', 'Int64'), ...SPINE_COLUMNS], rows);
      for (const strategy of harness().nature.strategies) {
        const joined = await join(strategy, { spine: { table: 'spine_data.none', rowCount: rows.length, schema: SPINE_COLUMNS, asOfMicros: NOON }, selection: { views: [view!], columns: [{ view: 'endless', feature: 'n', column: 'n' }] } });
        assert.deepEqual(joined.rows, rows.map((row) => [...row.slice(1), null]), strategy);
      }
    }
  });

  it('joins many batches by every strategy alike, with more rows of one entity in a batch of the spine than one', async () => {
    const count = 20_000;
    const at = (i: number): number => NOON + i * 1_000_000;
    await harness().createTable('feature_mart.long', SOURCE_COLUMNS, Array.from({ length: count }, (_, i) => [String(i % 700), BigInt(i % 3), at(i), i % 50 === 0 ? null : at(i + (i % 7) * 900), i % 11 === 0, BigInt(i), i / 3, `t${i}`, ...FEATURES.slice(3).map(() => null)]));
    await harness().createTable('spine_data.long', [column('row_number', 'Int64'), ...SPINE_COLUMNS], Array.from({ length: count }, (_, i) => [BigInt(i), String((i * 7) % 900), BigInt(i % 3), String(i % 5), at(i), BigInt(i)]));
    const all = views('feature_mart.long').filter(({ name }) => ['short', 'known', 'mortal', 'one_key'].includes(name)).map((view) => ({ ...view, ttlSeconds: view.ttlSeconds === null ? null : view.ttlSeconds * 4000 }));
    const columns = all.flatMap((view) => ['n', 'x', 't'].map((feature) => ({ view: selectedName(view), feature, column: `${selectedName(view)}__${feature}` })));
    const spine = { table: 'spine_data.long', rowCount: count, schema: SPINE_COLUMNS, asOfMicros: at(count) };
    const [first, ...others] = await Promise.all(harness().nature.strategies.map((strategy) => join(strategy, { spine, selection: { views: all, columns } })));
    assert.ok(first !== undefined && first.rows.filter((row) => row.at(-1) !== null).length > count / 2);
    for (const other of others) assert.deepEqual(other.rows, first.rows);
    assert.deepEqual(first.rows.map((row) => row.slice(0, SPINE_COLUMNS.length)), first.rows.map((_, i) => [String((i * 7) % 900), BigInt(i % 3), String(i % 5), at(i), BigInt(i)]));
    const small = { spine, selection: { views: all, columns }, timestampColumn: 'event_timestamp', memoryBytes: 100_000 } as const;
    await assert.rejects(async () => collectRows(await harness().warehouse.historicalFeatures({ ...small, strategy: 'snapshot' })), /Use the strategy "warehouse"/);
  }).timeout(60_000);
}
