import assert from 'node:assert/strict';
import fc from 'fast-check';
import { pointInTimeJoin } from '../../domain/features/point-in-time.ts';
import type { AsOfRow, SourceRow } from '../../domain/features/point-in-time.ts';
import type { FeatureViewSnapshot } from '../../domain/features/snapshot.ts';
import type { FeatureValue } from '../../domain/features/value-types.ts';
import { collectRows, column, viewOf } from './warehouse-harness.ts';
import type { WarehouseHarness } from './warehouse-harness.ts';

const NOON = 1_700_000_000_000_000;
const SOURCE_COLUMNS = [column('k1', 'String'), column('k2', 'Int64'), column('event_timestamp', 'Timestamp'), column('created', 'Timestamp'), column('n', 'Int64'), column('x', 'Float64'), column('t', 'String'), column('b', 'Bool')];
const SPINE_COLUMNS = [column('k1', 'String'), column('k2', 'Int64'), column('event_timestamp', 'Timestamp'), column('id', 'Int64')];

// Few values, close together, so that ties, edges and mismatches are frequent.
const keys = fc.tuple(fc.option(fc.constantFrom('1', '11', '1x', 'x', '', 'Zürich', '\u{1F600}'), { freq: 12 }), fc.option(fc.constantFrom(-1n, 1n, 11n), { freq: 12 }));
const instant = fc.integer({ min: -6, max: 6 }).chain((seconds) => fc.integer({ min: -1, max: 1 }).map((micros) => NOON + seconds * 500_000 + micros));
const values = fc.tuple(
  fc.option(fc.constantFrom(0n, 1n, 2n ** 60n + 1n)), fc.option(fc.constantFrom(-0.5, 1e300, NaN, 0.1)), fc.option(fc.constantFrom('a', 'B', '\uFF21', '\u{1F600}')), fc.option(fc.boolean()),
);
const sourceRow: fc.Arbitrary<SourceRow> = fc.record({ keys, eventTimestampMicros: fc.option(instant, { freq: 20 }), createdTimestampMicros: fc.option(instant), values });
const spineRow: fc.Arbitrary<AsOfRow> = fc.record({ keys, asOfMicros: fc.option(instant, { freq: 20 }) });

/** Views over one table: with and without ttl, edges, created column, as known, and one key in place of two. */
function views(table: string): FeatureViewSnapshot[] {
  const base = {
    joinKeys: [{ name: 'k1', type: 'String' }, { name: 'k2', type: 'Int64' }] as const,
    features: [{ name: 'n', type: 'Int64' }, { name: 'x', type: 'Float64' }, { name: 't', type: 'String' }, { name: 'b', type: 'Bool' }] as const,
  };
  const source = { name: 'source', table, timestampField: 'event_timestamp' };
  const dated = { ...source, createdTimestampColumn: 'created' };
  return [
    viewOf({ ...base, name: 'endless', source: dated }),
    viewOf({ ...base, name: 'short', source: dated, ttlSeconds: 1 }),
    viewOf({ ...base, name: 'fraction', source: dated, ttlSeconds: 0.5 }),
    viewOf({ ...base, name: 'known', source: dated, ttlSeconds: 2, asKnown: true }),
    viewOf({ ...base, name: 'undated', source, ttlSeconds: 2 }),
    viewOf({ ...base, name: 'one_key', source: dated, joinKeys: [base.joinKeys[0]] }),
  ];
}

function expected(view: FeatureViewSnapshot, spine: readonly AsOfRow[], source: readonly SourceRow[]): FeatureValue[][] {
  const width = view.joinKeys.length;
  const seen = source.map((row) => ({ ...row, keys: row.keys.slice(0, width), createdTimestampMicros: view.source.createdTimestampColumn === undefined ? null : row.createdTimestampMicros }));
  const asOf = spine.map((row) => ({ ...row, keys: row.keys.slice(0, width) }));
  return pointInTimeJoin(view, asOf, seen).map((found) => [...(found?.values ?? view.features.map(() => null))]);
}

/** The join of the warehouse against the oracle, on random tables. */
export function describeJoinAgainstOracle(harness: () => WarehouseHarness): void {
  it('joins as the oracle says, for random tables with ties, edges, missing keys and times', async () => {
    let run = 0;
    await fc.assert(fc.asyncProperty(fc.array(spineRow, { minLength: 1, maxLength: 60 }), fc.array(sourceRow, { maxLength: 120 }), async (spine, source) => {
      const [spineTable, sourceTable] = [`spine_data.spine_${run}`, `feature_mart.source_${run++}`];
      await harness().createTable(sourceTable, SOURCE_COLUMNS, source.map((row) => [...row.keys, row.eventTimestampMicros, row.createdTimestampMicros, ...row.values]));
      await harness().createTable(spineTable, [column('row_number', 'Int64'), ...SPINE_COLUMNS], spine.map((row, i) => [BigInt(i), ...row.keys, row.asOfMicros, BigInt(i)]));
      const all = views(sourceTable);
      const columns = all.flatMap((view) => view.features.map(({ name }) => ({ view: view.name, feature: name, column: `${view.name}__${name}` })));
      const stream = await harness().warehouse.historicalFeatures({
        spine: { table: spineTable, rowCount: spine.length, schema: SPINE_COLUMNS, asOfMicros: NOON },
        timestampColumn: 'event_timestamp',
        selection: { views: all, columns },
      });
      assert.deepEqual(stream.schema.map(({ name }) => name), [...SPINE_COLUMNS.map(({ name }) => name), ...columns.map((c) => c.column)]);
      const parts = all.map((view) => expected(view, spine, source));
      const wanted = spine.map((row, i) => [...row.keys, row.asOfMicros, BigInt(i), ...parts.flatMap((part) => part[i]!)]);
      assert.deepEqual(await collectRows(stream), wanted);
    }), { numRuns: 20 });
  });
}
