import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { createPostgresWarehouse } from '../../../adapters/postgres/warehouse.ts';
import type { SampleDataSummary } from '../../../adapters/sample-data/load-options.ts';
import { loadIntoPostgres, type PostgresLoadOptions } from '../../../adapters/sample-data/postgres-load.ts';
import { PipelineError } from '../../../domain/errors.ts';
import { sourceTables, tableProblems } from '../../../domain/features/validate-tables.ts';
import featureRepository from '../../../feature_repo/index.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { clockAt, newYork, readFlights, recomputeStats, type SourceFlight } from './recompute.ts';
import { FEATURE_SQL_FOLDER, daysFrom, sampleFolder } from './sample.ts';

const WEEK = 7 * 86_400_000;
const NOW = Date.parse('2026-11-25T12:00:00Z') * 1000;

describe('loading the sample data', function () {
  this.timeout(60_000);
  // Daylight saving time began on 10 March 2013, and in 2014 on 9 March, where the shift puts 3 March: the days between lie on either side of its beginning.
  const shiftWeeks = 53;
  let database: TestDatabase;
  let client: pg.Client;
  let folder: string;
  let options: PostgresLoadOptions;
  let summary: SampleDataSummary;
  let source: SourceFlight[];

  before(async () => {
    [database, folder] = await Promise.all([createTestDatabase(), sampleFolder(daysFrom('2013-03-01', 11))]);
    options = { connectionString: database.url, folder, featureSqlFolder: FEATURE_SQL_FOLDER, shiftWeeks, now: NOW };
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query('SET TIME ZONE UTC');
    summary = await loadIntoPostgres(options);
    source = readFlights(folder);
  });

  after(async () => {
    await client.end();
    await database.drop();
    await rm(folder, { recursive: true });
  });

  const rowsOf = async <T extends pg.QueryResultRow>(sql: string, values: unknown[] = []): Promise<T[]> => (await client.query<T>(sql, values)).rows;

  it('loads every row of the source and says how many', async () => {
    assert.equal(summary.loaded, true);
    assert.equal(summary.rows['raw_data.flights'], source.length);
    assert.deepEqual([summary.rows['raw_data.planes'], summary.rows['raw_data.airports'], summary.rows['raw_data.airlines']], [3322, 1458, 16]);
    for (const [table, rows] of Object.entries(summary.rows)) assert.deepEqual(await rowsOf(`SELECT count(*)::int AS rows FROM ${table}`), [{ rows }], table);
  });

  it('moves every departure by the shift on New York\'s clocks, and keeps each flight as long as it was', async () => {
    const rows = await rowsOf<{ event: Date; arrival: Date | null; key: string }>(
      "SELECT event_timestamp AS event, arrival_timestamp AS arrival, concat_ws(' ', carrier, flight, origin, sched_dep_time, flight_date - 7 * $1::int) AS key FROM raw_data.flights",
      [shiftWeeks],
    );
    const loaded = new Map(rows.map((row) => [row.key, row]));
    assert.equal(loaded.size, source.length);
    for (const { row, departs, arrives } of source) {
      const day = new Date(clockAt(departs, 'America/New_York')).toISOString().slice(0, 10);
      const found = loaded.get([row['carrier'], row['flight'], row['origin'], row['sched_dep_time'], day].join(' '))!;
      assert.equal(found.event.getTime(), newYork(clockAt(departs, 'America/New_York') + shiftWeeks * WEEK));
      assert.equal(found.arrival === null ? undefined : found.arrival.getTime() - found.event.getTime(), arrives === undefined ? undefined : arrives - departs);
    }
  });

  it('lets no flight arrive before it has flown for its time in the air, nor long after', async () => {
    const [spread] = await rowsOf<{ least: number; most: number }>(
      'SELECT min(ground)::int AS least, max(ground)::int AS most FROM (SELECT extract(epoch FROM arrival_timestamp - event_timestamp) / 60 - dep_delay - air_time AS ground FROM raw_data.flights) AS flights',
    );
    assert.ok(spread!.least >= 0 && spread!.most < 240, JSON.stringify(spread));
  });

  for (const [table, prefix, keys] of [['plane_stats', 'plane', ['tailnum']], ['carrier_stats', 'carrier', ['carrier', 'origin']]] as const) {
    it(`gives ${table} what plain code finds in the source, and nothing that was not known at that midnight`, async () => {
      const rows = await rowsOf<Record<string, string | number | null> & { event_timestamp: Date }>(
        `SELECT *, (event_timestamp AT TIME ZONE 'America/New_York')::text AS clock FROM feature_mart.${table} ORDER BY hashtext(concat_ws(' ', ${keys.join(', ')}, event_timestamp)) LIMIT 300`,
      );
      assert.equal(rows.length, Math.min(300, summary.rows[`feature_mart.${table}`]!));
      for (const row of rows) {
        const midnight = newYork(Date.parse(`${String(row['clock']).replace(' ', 'T')}Z`) - shiftWeeks * WEEK);
        const expected = recomputeStats(source.filter((flight) => keys.every((key) => flight.row[key] === row[key])), midnight);
        const found = { flights: Number(row[`${prefix}_flights_7d`]), delay: row[`${prefix}_mean_dep_delay_7d`], late: row[`${prefix}_share_late_7d`] };
        assert.deepEqual(found, expected, JSON.stringify(row));
      }
    });
  }

  it('gives a plane that has been at rest for seven days a row that says so', async () => {
    const [row] = await rowsOf("SELECT plane_flights_7d, plane_mean_dep_delay_7d, plane_share_late_7d FROM feature_mart.plane_stats WHERE plane_flights_7d = 0 LIMIT 1");
    assert.deepEqual(row, { plane_flights_7d: '0', plane_mean_dep_delay_7d: null, plane_share_late_7d: null });
  });

  it('stamps an hour of weather at its end, and keeps the later of two hours that the shift made one', async () => {
    const [weather] = await rowsOf(
      "SELECT count(*)::int AS rows FROM feature_mart.weather f WHERE EXISTS (SELECT FROM raw_data.weather r WHERE r.origin = f.origin AND r.time_hour + interval '1 hour' = f.event_timestamp AND r.temp = f.temp)",
    );
    assert.equal(weather!['rows'], summary.rows['feature_mart.weather']);
    // 9 March 2014, 02:00 does not exist in New York: the source's 02:00 and 03:00 of 3 March 2013, shifted, are both 03:00.
    const twice = await rowsOf("SELECT source_time_hour, temp FROM raw_data.weather WHERE origin = 'JFK' AND time_hour = '2014-03-09T07:00:00Z' ORDER BY source_time_hour DESC");
    const kept = await rowsOf("SELECT temp FROM feature_mart.weather WHERE origin = 'JFK' AND event_timestamp = '2014-03-09T08:00:00Z'");
    assert.deepEqual([twice.length, kept.length], [2, 1]);
    assert.notEqual(twice[0]!['temp'], twice[1]!['temp']);
    assert.equal(kept[0]!['temp'], twice[0]!['temp']);
  });

  it('lets a row be corrected by one that is known since later, and refuses two that are known since the same time', async () => {
    const add = (created: string): Promise<unknown> => client.query(`INSERT INTO feature_mart.weather (origin, event_timestamp, created_timestamp, temp) SELECT origin, event_timestamp, ${created}, 0 FROM (SELECT * FROM feature_mart.weather ORDER BY origin, event_timestamp, created_timestamp LIMIT 1) AS w`);
    await client.query('BEGIN');
    try {
      await add("created_timestamp + interval '1 minute'");
      await client.query('SAVEPOINT corrected');
      await assert.rejects(add('created_timestamp'), { code: '23505' });
      await client.query('ROLLBACK TO corrected');
      await assert.rejects(add('NULL'), { code: '23502' });
    } finally {
      await client.query('ROLLBACK');
    }
  });

  it('makes the tables that the feature definitions read', async () => {
    const warehouse = createPostgresWarehouse({ connectionString: database.url });
    try {
      const tables = await Promise.all(sourceTables(featureRepository).map(async (table) => [table, await warehouse.describeTable(table)] as const));
      assert.deepEqual(tables.map(([table]) => table).sort(), Object.keys(summary.rows).filter((table) => table.startsWith('feature_mart.')).sort());
      assert.deepEqual(tableProblems(featureRepository, new Map(tables)), []);
    } finally {
      await warehouse.close();
    }
  });

  it('does nothing the second time, and loads anew when the shift is another', async () => {
    const steps: string[] = [];
    const again = await loadIntoPostgres({ ...options, onStep: (step) => steps.push(step.name) });
    assert.deepEqual([again.loaded, again.rows, steps], [false, summary.rows, []]);
    const [before] = await rowsOf<{ event: Date }>('SELECT min(event_timestamp) AS event FROM raw_data.flights');
    assert.equal((await loadIntoPostgres({ ...options, shiftWeeks: shiftWeeks + 10 })).loaded, true);
    const [after] = await rowsOf<{ event: Date }>('SELECT min(event_timestamp) AS event FROM raw_data.flights');
    assert.equal(clockAt(after!.event.getTime(), 'America/New_York') - clockAt(before!.event.getTime(), 'America/New_York'), 10 * WEEK);
    await loadIntoPostgres(options);
  });

  it('follows the present when no shift is given: the last full week of the data holds now', async () => {
    const present = await loadIntoPostgres({ connectionString: options.connectionString, folder, featureSqlFolder: FEATURE_SQL_FOLDER, now: NOW });
    const [row] = await rowsOf<{ monday: Date; sunday: Date }>(
      "SELECT date_trunc('week', max(flight_date) + 1) - interval '7 days' AS monday, date_trunc('week', max(flight_date) + 1) AS sunday FROM raw_data.flights",
    );
    assert.ok(row!.monday.getTime() <= NOW / 1000 && NOW / 1000 < row!.sunday.getTime(), JSON.stringify(row));
    assert.equal(present.shiftWeeks, 716);
    assert.equal((await loadIntoPostgres({ ...options, shiftWeeks: 716 })).loaded, false);
    await loadIntoPostgres(options);
  });

  it('keeps what is there when a file is not what is expected, and when several loaders run at once', async () => {
    const broken = await sampleFolder(daysFrom('2013-03-01', 1));
    await writeFile(join(broken, 'planes.csv'), 'tailnum,built\nN1,1999\n');
    await assert.rejects(loadIntoPostgres({ ...options, folder: broken }), (error) => error instanceof PipelineError && error.code === 'INVALID_DATA' && error.message.includes('planes.csv'));
    await rm(join(broken, 'planes.csv'));
    await assert.rejects(loadIntoPostgres({ ...options, folder: broken }), (error) => error instanceof PipelineError && error.code === 'NOT_FOUND' && error.problems.length === 1);
    await rm(broken, { recursive: true });
    const both = await Promise.all([loadIntoPostgres(options), loadIntoPostgres(options)]);
    assert.deepEqual(both.map((result) => result.loaded), [false, false]);
    assert.deepEqual(await rowsOf('SELECT count(*)::int AS rows FROM raw_data.flights'), [{ rows: source.length }]);
  });

  it('refuses a shift that is no whole number of weeks', async () => {
    await assert.rejects(loadIntoPostgres({ ...options, shiftWeeks: 1.5 }), (error) => error instanceof PipelineError && error.code === 'INVALID_INPUT');
  });
});
