import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readNote, tableOf, tableOfAnother, writeNote } from '../../../adapters/sample-data/bigquery-data-load.ts';
import { loadIntoBigQuery, type BigQueryLoadOptions } from '../../../adapters/sample-data/bigquery-load.ts';
import { stageFeatureTable } from '../../../adapters/sample-data/bigquery-feature-tables.ts';
import { layoutFor, putInPlace } from '../../../adapters/sample-data/bigquery-tables.ts';
import { surveyFiles } from '../../../adapters/sample-data/raw-rows.ts';
import { PipelineError, type ErrorCode } from '../../../domain/errors.ts';
import { openBigQueryHarness, type BigQueryHarness } from '../bigquery/harness.ts';
import { FEATURE_SQL_FOLDER, daysFrom, sampleFolder } from './sample.ts';

const NOW = Date.parse('2026-11-25T12:00:00Z') * 1000;
/** Jobs are found again by the id of their load: each test needs ids of its own. */
const randomId = (): string => randomBytes(12).toString('hex');
const TABLES = ['airlines', 'airports', 'data_load', 'flights', 'plane_info', 'planes', 'weather'];
const refusal = (code: ErrorCode, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof PipelineError, String(error));
  assert.equal(error.code, code);
  assert.match(error.message, message);
  return true;
};

describe('loading the sample data into BigQuery', function () {
  this.timeout(120_000);
  let harness: BigQueryHarness;
  let folder: string;
  let sql: string;
  let options: BigQueryLoadOptions;

  before(async () => {
    [harness, folder, sql] = await Promise.all([openBigQueryHarness(), sampleFolder(daysFrom('2013-03-01', 1)), mkdtemp(join(tmpdir(), 'feature-sql-'))]);
    await copyFile(join(FEATURE_SQL_FOLDER, 'plane_info.sql'), join(sql, 'plane_info.sql'));
    options = { settings: harness.settings, folder, featureSqlFolder: sql, shiftWeeks: 53, now: NOW };
  });
  after(async () => {
    await harness?.close();
    for (const made of [folder, sql]) if (made !== undefined) await rm(made, { recursive: true });
  });

  const table = (dataset: 'raw' | 'feature_mart', name: string) => harness.connection.client.dataset(harness.settings.datasets[dataset]).table(name);
  const tableNames = async (): Promise<string[]> => (await Promise.all((['raw', 'feature_mart'] as const).map(async (dataset) => (await harness.connection.client.dataset(harness.settings.datasets[dataset]).getTables())[0].map(({ id }) => id!)))).flat().sort();

  it('refuses what another load has changed meanwhile', async () => {
    await table('feature_mart', 'plane_info').create({ schema: { fields: [{ name: 'other', type: 'STRING' }] } });
    const others: Promise<void>[] = [];
    const begin = async (): Promise<void> => writeNote(harness.connection, { ...(await readNote(harness.connection))!, id: randomId() });
    await assert.rejects(loadIntoBigQuery({ ...options, onStep: ({ name }) => void (name.endsWith('.airlines') && others.push(begin())) }), refusal('CONFLICT', /data_load meanwhile.*data load` again/));
    await Promise.all(others);
    assert.equal(others.length, 1);
    assert.equal((await readNote(harness.connection))!.complete, false);
    assert.deepEqual(await tableNames(), TABLES);
  });

  it('loads anew where a load has not ended: whole tables, divided by day, and nothing else', async () => {
    const summary = await loadIntoBigQuery(options);
    const { raw, feature_mart: mart } = harness.settings.datasets;
    assert.deepEqual(Object.keys(summary.rows), [...['airlines', 'airports', 'planes', 'weather', 'flights'].map((name) => `${raw}.${name}`), `${mart}.plane_info`]);
    assert.deepEqual([summary.loaded, summary.rows[`${raw}.airports`], summary.shiftWeeks], [true, 1458, 53]);
    assert.deepEqual(await tableNames(), TABLES);
    const [metadata] = (await table('feature_mart', 'plane_info').getMetadata()) as unknown as [{ timePartitioning: object; clustering: object; numRows: string }];
    assert.deepEqual([metadata.timePartitioning, metadata.clustering], [{ type: 'DAY', field: 'event_timestamp' }, { fields: ['tailnum'] }]);
    assert.equal(Number(metadata.numRows), summary.rows[`${mart}.plane_info`]);
  });

  it('does nothing the second time, and knows a table of another load', async () => {
    const again = await loadIntoBigQuery(options);
    const note = (await readNote(harness.connection))!;
    assert.deepEqual([again.loaded, again.rows, note.complete, await tableOfAnother(harness.connection, note)], [false, note.rows, true, undefined]);
    await table('raw', 'planes').setMetadata({ labels: { load: 'another' } });
    assert.equal(await tableOfAnother(harness.connection, note), `${harness.settings.datasets.raw}.planes`);
  });

  it('changes nothing when a file holds something else, and says where', async () => {
    const before = await readNote(harness.connection);
    const broken = await sampleFolder(daysFrom('2013-03-01', 1));
    const load = loadIntoBigQuery.bind(undefined, { ...options, folder: broken, shiftWeeks: 55 });
    const planes = await readFile(join(broken, 'planes.csv'), 'utf8');
    await writeFile(join(broken, 'planes.csv'), planes.replace('\nN10156,2004,', '\nN10156,soon,'));
    await assert.rejects(load(), refusal('INVALID_DATA', /planes\.csv, line 2 cannot be read: column year holds "soon", which is no int/));
    await writeFile(join(broken, 'planes.csv'), 'tailnum,built\nN1,1999\n');
    await assert.rejects(load(), refusal('INVALID_DATA', /planes\.csv cannot be read: its columns are tailnum,built\./));
    await rm(join(broken, 'planes.csv'));
    await assert.rejects(load(), refusal('NOT_FOUND', /planes\.csv/));
    await rm(broken, { recursive: true });
    assert.deepEqual(await readNote(harness.connection), before);
  });

  it('refuses feature rows that cannot be told apart, and a name that is a view\'s', async () => {
    const { raw, feature_mart: mart } = harness.settings.datasets;
    const flights = `FROM ${raw}.flights`;
    const look = (sqlText: string) => stageFeatureTable({ connection: harness.connection, loadId: randomId() }, { name: 'twice', sql: sqlText }, tableOf(harness.connection, `${mart}.building_twice`));
    const twice = `SELECT carrier, TIMESTAMP(flight_date) AS event_timestamp, time_hour AS created_timestamp ${flights}`;
    await assert.rejects(look(twice), refusal('INVALID_DATA', /twice\.sql gives several rows of the same carrier, event_timestamp, created_timestamp/));
    await assert.rejects(look(twice.replace('time_hour', 'arrival_timestamp')), refusal('INVALID_DATA', /twice\.sql gives \d+ rows without created_timestamp/));
    await assert.rejects(look(`SELECT 1 AS one ${flights}`), refusal('INVALID_INPUT', /twice\.sql must give its join keys first/));
    assert.deepEqual(await look(`SELECT carrier, origin, flight, TIMESTAMP(flight_date) AS event_timestamp, time_hour AS created_timestamp ${flights} QUALIFY ROW_NUMBER() OVER (PARTITION BY carrier, origin, flight) = 1`), layoutFor('event_timestamp', 0, ['carrier', 'origin', 'flight']));
    await harness.connection.client.dataset(mart).createTable('seen', { view: { query: 'SELECT 1 AS one', useLegacySql: false } });
    const [view, rows] = [tableOf(harness.connection, `${mart}.seen`), tableOf(harness.connection, `${mart}.building_twice`)];
    await assert.rejects(putInPlace({ connection: harness.connection, loadId: randomId() }, view, rows, { clustering: [] }), refusal('CONFLICT', /seen cannot be made: there is a view of that name/));
  });
});

describe('what is loaded into BigQuery', () => {
  it('is divided by days as long as one job may write so many partitions, then by months', () => {
    assert.deepEqual(layoutFor('t', 3999, ['a', 'b', 'c', 'd', 'e']), { partition: { column: 't', unit: 'DAY' }, clustering: ['a', 'b', 'c', 'd'] });
    assert.equal(layoutFor('t', 4000, []).partition?.unit, 'MONTH');
  });

  it('holds no flight whose times contradict each other, nor files without a flight', async () => {
    const folder = await sampleFolder(daysFrom('2013-03-01', 1));
    try {
      assert.equal((await surveyFiles(folder)).sourceLastDay, '2013-03-01');
      const flights = join(folder, 'flights.csv');
      const [header, first, ...rest] = (await readFile(flights, 'utf8')).split('\n');
      const fields = first!.split(',');
      fields[14] = '1500'; // minutes in the air
      await writeFile(flights, [header, fields.join(), ...rest].join('\n'));
      await assert.rejects(surveyFiles(folder), refusal('INVALID_DATA', /holds 1 flights whose arrival does not fit/));
      await writeFile(flights, `${header}\n`);
      await assert.rejects(surveyFiles(folder), refusal('INVALID_DATA', /no flight/));
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
