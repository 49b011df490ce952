import assert from 'node:assert/strict';
import { legalLabels } from '../../../adapters/bigquery/labels.ts';
import { jobIdOf } from '../../../adapters/bigquery/run-job.ts';
import { numberingSql, stagingSql } from '../../../adapters/bigquery/spine-sql.ts';
import type { Numbering } from '../../../adapters/bigquery/spine-sql.ts';
import type { ColumnSchema, RecordBatch } from '../../../domain/data/columns.ts';
import type { WriteSpineRequest } from '../../../ports/warehouse.ts';
import { failure } from '../../contracts/warehouse.ts';
import { openBigQueryHarness } from './harness.ts';
import type { BigQueryHarness } from './harness.ts';

const NOON = 1_700_000_000_000_000;
const TABLE = { projectId: 'p', datasetId: 'spine_data', tableId: 'x' };

describe('the SQL of a spine', () => {
  const numbering = (rowCount: number): Numbering => ({
    table: TABLE, staged: { ...TABLE, tableId: 'building_1' }, rowCount, timestampColumn: 't', expirationMicros: NOON, description: 'd', labels: { app: 'ml-pipeline' }, order: ['x', 't'],
    columns: [{ name: 't', nativeType: 'TIMESTAMP', family: 'timestamp', type: 'Timestamp' }, { name: 'x', nativeType: 'NUMERIC', family: 'numeric', type: 'Float64' }],
  });

  it('divides the table by ranges of row numbers, of which a job may write so many', () => {
    assert.match(numberingSql(numbering(0)), /RANGE_BUCKET\(row_number, GENERATE_ARRAY\(0, 10000, 10000\)\)/);
    assert.match(numberingSql(numbering(25_000)), /GENERATE_ARRAY\(0, 30000, 10000\)/);
    assert.match(numberingSql(numbering(100_000_001)), /GENERATE_ARRAY\(0, 100001000, 100001\)/);
  });

  it('gives the table its expiry, description and labels in the statement that makes it, and sorts within an hour, NaN last', () => {
    const sql = numberingSql(numbering(1));
    assert.match(sql, /OPTIONS \(expiration_timestamp = TIMESTAMP '2023-11-14 22:13:20\.000000\+00', description = 'd', labels = \[\('app', 'ml-pipeline'\)\]\)/);
    assert.match(sql, /PARTITION BY p\.hour_ ORDER BY s\.`t` IS NULL, s\.`t`, s\.`x` IS NULL, IFNULL\(IS_NAN\(s\.`x`\), FALSE\), s\.`x`/);
  });

  it('stages instants as UTC and decimals as numbers', () => {
    assert.equal(stagingSql('SELECT 1 -- end', [{ name: 'd', nativeType: 'DATE', family: 'date', type: 'Timestamp' }, { name: 'n', nativeType: 'NUMERIC', family: 'numeric', type: 'Float64' }]), 'SELECT TIMESTAMP(q.`d`) AS `d`, CAST(q.`n` AS FLOAT64) AS `n` FROM (SELECT 1 -- end\n) AS q');
  });

  it('belongs to jobs whose ids differ by what is wanted', () => {
    assert.notEqual(jobIdOf('a', 0), jobIdOf('b', 0));
    assert.ok(jobIdOf('a; DROP', 12).match(/^[A-Za-z0-9_-]{1,1024}$/));
    assert.deepEqual(legalLabels({ content: '0'.repeat(40) }), { content: '0'.repeat(40) });
  });
});

describe('spines in BigQuery', function () {
  this.timeout(60_000);
  let harness: BigQueryHarness;
  before(async () => { harness = await openBigQueryHarness(); });
  after(() => harness.close());
  const request = (extra: Partial<WriteSpineRequest>): WriteSpineRequest => ({ name: 'x', query: { sql: "SELECT 'k' AS k, TIMESTAMP_MICROS(1700000000000000) AS event_timestamp", values: [] }, entityColumns: ['k'], timestampColumn: 'event_timestamp', asOfMicros: NOON, expiresAtMicros: NOON, ...extra });

  it('are there already for a retry, which runs nothing and tells what writing them had cost', async () => {
    const first = await harness.warehouse.writeSpine(request({}));
    assert.deepEqual(first.usage, { bytesProcessed: 0, bytesBilled: 0 });
    assert.deepEqual(await harness.warehouse.writeSpine(request({})), first);
  });

  it('keep BigQuery from removing them before tomorrow, and carry labels', async () => {
    await harness.warehouse.writeSpine(request({ name: 'labelled' }));
    const [metadata] = (await harness.connection.client.dataset(harness.settings.datasets.spine).table('labelled').getMetadata()) as unknown as [{ labels: Record<string, string>; expirationTime: string }];
    assert.deepEqual([metadata.labels['app'], metadata.labels['expires_at_micros'], metadata.labels['content']?.length], ['ml-pipeline', String(NOON), 40]);
    assert.ok(Number(metadata.expirationTime) > Date.now() + 23 * 3_600_000);
  });

  it('refuse a text of several statements', async () => {
    await assert.rejects(harness.warehouse.writeSpine(request({ query: { sql: 'SELECT 1; SELECT 2', values: [] } })), failure('INVALID_TEMPLATE', /multiple commands/));
  });

  it('come from rows that are at hand, with every value as it was, and leave no table of their own', async () => {
    const columns = [
      { name: 'k', type: 'String', values: ['a"\n', 'b', ''], nulls: Uint8Array.of(0, 0, 1) }, { name: 'f', type: 'Float64', values: Float64Array.of(NaN, -0.1, Infinity), nulls: null }, { name: 'i', type: 'Int64', values: BigInt64Array.of(2n ** 60n + 1n, -1n, 0n), nulls: null },
      { name: 's', type: 'Int32', values: Int32Array.of(1, 2, 3), nulls: null }, { name: 'y', type: 'Bytes', values: [Uint8Array.of(0, 255), Uint8Array.of(), Uint8Array.of(1)], nulls: null }, { name: 'b', type: 'Bool', values: Uint8Array.of(1, 0, 1), nulls: null },
      { name: 'event_timestamp', type: 'Timestamp', values: Float64Array.of(NOON, NOON - 1, NOON - 2), nulls: null },
    ] satisfies RecordBatch['columns'];
    const schema = columns.map(({ name, type }): ColumnSchema => ({ name, type }));
    const { query: _, ...rest } = request({ name: 'rowed' });
    const ref = await harness.warehouse.writeSpineRows({ ...rest, rows: { schema, batches: (async function* () { yield await Promise.resolve({ rowCount: 3, columns }); })() } });
    assert.deepEqual([ref.rowCount, ref.schema], [3, schema]);
    const [rows] = await harness.connection.client.query({ query: `SELECT k, TRIM(TO_JSON_STRING(f), '"') AS f, CAST(i AS STRING) AS i, s, TO_HEX(y) AS y, b, UNIX_MICROS(event_timestamp) AS t FROM ${harness.inSql(ref.table)} ORDER BY row_number` });
    assert.deepEqual((rows as Record<string, unknown>[]).map((row) => Object.values(row)), [[null, 'Infinity', '0', 3, '01', true, NOON - 2], ['b', '-0.1', '-1', 2, '', false, NOON - 1], ['a"\n', 'NaN', '1152921504606846977', 1, '00ff', true, NOON]]);
    const [tables] = await harness.connection.client.dataset(harness.settings.datasets.spine).getTables();
    assert.ok(tables.every(({ id }) => !id!.startsWith('rows_')));
  });
});
