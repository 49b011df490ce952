import assert from 'node:assert/strict';
import type { NativeColumn } from '../../../adapters/bigquery/column-types.ts';
import { nativeColumn } from '../../../adapters/bigquery/column-types.ts';
import type { BoundView } from '../../../adapters/bigquery/join-bind.ts';
import { joinQuery } from '../../../adapters/bigquery/join-sql.ts';
import { newestQuery } from '../../../adapters/bigquery/newest-query.ts';
import { sliceLayout } from '../../../adapters/bigquery/slice-layout.ts';
import { bindSource } from '../../../adapters/bigquery/view-source.ts';
import type { FeatureViewSnapshot } from '../../../domain/features/snapshot.ts';
import { parseInstant } from '../../../domain/instant.ts';
import { column, viewOf } from '../../contracts/warehouse-harness.ts';

const instant = (text: string): number => parseInstant(text)!;
const WINDOW = { first: instant('2024-03-10T06:00:00Z'), last: instant('2024-03-20T18:00:00.000001Z') };

function bound(timeType: string, extra: Partial<FeatureViewSnapshot> = {}): BoundView {
  const columns: readonly NativeColumn[] = [['k', 'STRING'], ['at', timeType], ['made', 'TIMESTAMP'], ['x', 'FLOAT']].map(([name, type]) => nativeColumn({ name, type }));
  const view = viewOf({ name: 'v', joinKeys: [{ name: 'k', type: 'String' }], features: [{ name: 'x', type: 'Float64' }], source: { name: 's', table: 'feature_mart.s', timestampField: 'at', createdTimestampColumn: 'made' }, ...extra });
  const { source } = bindSource(view, columns);
  return { source: source!, keys: [{ key: source!.joinKeys[0]!, spine: columns[0]! }], selected: [{ column: 'x', feature: source!.features[0]! }] };
}

function sqlOf(view: BoundView, window: typeof WINDOW | null = WINDOW): string {
  const spine = { table: 'spine_data.p', rowCount: 1, schema: [column('k', 'String'), column('t', 'Timestamp')], asOfMicros: WINDOW.last };
  return joinQuery({ spine, timestampColumn: 't', selection: { views: [view.source.view], columns: [{ view: 'v', feature: 'x', column: 'x' }] } }, [view], '`p`.`d`.`spine`', () => '`p`.`d`.`source`', window ?? undefined).sql;
}

/** The conditions on the event timestamp, by which BigQuery chooses partitions. */
const conditions = (sql: string): string[] => [...sql.matchAll(/f\.`at` ([<>]=?) (\w+ '[^']+')/g)].map(([, operator, constant]) => `${operator} ${constant}`);

describe('the SQL of a point-in-time join in BigQuery', () => {
  it('names the partitions from the first instant less the ttl to the last one, by constants', () => {
    assert.deepEqual(conditions(sqlOf(bound('TIMESTAMP', { ttlSeconds: 86_400 }))), ["<= TIMESTAMP '2024-03-20 18:00:00.000001+00'", ">= TIMESTAMP '2024-03-09 06:00:00.000000+00'"]);
    assert.deepEqual(conditions(sqlOf(bound('DATETIME', { ttlSeconds: 0 }))), ["<= DATETIME '2024-03-20 18:00:00.000001'", ">= DATETIME '2024-03-10 06:00:00.000000'"]);
  });

  it('names whole days of a date, whose instant is its midnight', () => {
    assert.deepEqual(conditions(sqlOf(bound('DATE', { ttlSeconds: 86_400 }))), ["<= DATE '2024-03-20'", ">= DATE '2024-03-10'"]);
  });

  it('has no earliest partition for a view without ttl, or with one that reaches before the year 1', () => {
    assert.deepEqual(conditions(sqlOf(bound('TIMESTAMP'))), ["<= TIMESTAMP '2024-03-20 18:00:00.000001+00'"]);
    assert.deepEqual(conditions(sqlOf(bound('TIMESTAMP', { ttlSeconds: 90_000_000_000 }))).length, 1);
  });

  it('reads nothing of the source where the spine has no instants', () => {
    assert.match(sqlOf(bound('TIMESTAMP'), null), /FROM `p`\.`d`\.`source` AS f\n {2}WHERE FALSE/);
  });

  it('reads each source once', () => {
    for (const asKnown of [false, true]) assert.equal(sqlOf(bound('TIMESTAMP', { asKnown })).split('`p`.`d`.`source`').length, 2);
  });

  it('bounds the created timestamp, too, of a view that is read as known', () => {
    assert.match(sqlOf(bound('TIMESTAMP', { asKnown: true })), /f\.`made` <= TIMESTAMP '2024-03-20 18:00:00\.000001\+00'/);
  });

  it('names the window of a materialization by constants, and all slices of the keys', () => {
    const { source } = bound('TIMESTAMP');
    const sql = newestQuery(source, '`p`.`d`.`source`', { startMicros: WINDOW.first, endMicros: WINDOW.last }, sliceLayout(3_000_000, 4, 100_000));
    assert.deepEqual(conditions(sql), [">= TIMESTAMP '2024-03-10 06:00:00.000000+00'", "<= TIMESTAMP '2024-03-20 18:00:00.000001+00'"]);
    assert.match(sql, /MOD\(FARM_FINGERPRINT\(CAST\(f\.`k` AS STRING\)\) & 9223372036854775807, 4\) AS slice/);
    assert.match(sql, /slice \* 8 \+ LEAST\(DIV\(row_number, 100000\), 7\) AS part/);
  });
});
