import assert from 'node:assert/strict';
import pg from 'pg';
import { readFeatureSql } from '../../../adapters/sample-data/feature-sql.ts';
import { createSqlTemplates } from '../../../adapters/templates/sql-templates.ts';
import { columnOf, type RecordBatch } from '../../../domain/data/columns.ts';
import { columnValue } from '../../../domain/features/canonical.ts';
import { selectFeatures } from '../../../domain/features/resolve.ts';
import type { FeatureSelection, FeatureViewSnapshot } from '../../../domain/features/snapshot.ts';
import { formatInstant, type Micros } from '../../../domain/instant.ts';
import featureRepository from '../../../feature_repo/index.ts';
import { FEATURE_SQL_FOLDER } from '../../adapters/sample-data/sample.ts';
import { realData, type RealData } from '../../support/real-data.ts';
import { noteFigures } from './python.ts';

/** Where in the training set, as shares of its rows, the instants are taken from. */
const PLACES = [0.02, 0.1, 0.2, 0.21, 0.4, 0.9];
/** All that was not known yet at $1 goes: flights of later days, what became of flights that had not arrived, hours of weather that had not ended. */
const FORGET = [
  "DELETE FROM raw_data.flights WHERE flight_date > ($1::timestamptz AT TIME ZONE 'America/New_York')::date",
  'UPDATE raw_data.flights SET dep_time = NULL, dep_delay = NULL, arr_time = NULL, arr_delay = NULL, air_time = NULL, arrival_timestamp = NULL WHERE arrival_timestamp > $1',
  "DELETE FROM raw_data.weather WHERE time_hour + interval '1 hour' > $1",
];

interface SpineRow {
  readonly keys: Readonly<Record<string, string>>;
  readonly features: Readonly<Record<string, unknown>>;
}

/** Rows of the training set by their instant: from each place on, the instant with the most rows among the next 2,000. */
async function sampleRows(data: RealData, selection: FeatureSelection): Promise<ReadonlyMap<Micros, readonly SpineRow[]>> {
  const { trainingSet } = data.models.forest;
  const found = new Map<Micros, readonly SpineRow[]>();
  for (const place of PLACES) {
    const start = Math.floor(place * trainingSet.rowCount);
    const rows = new Map<Micros, SpineRow[]>();
    for await (const batch of data.ports.datasetStore.read(trainingSet, { rows: { start, end: start + 2000 } })) {
      for (let row = 0; row < batch.rowCount; row++) {
        const instant = Number(columnValue(columnOf(batch, 'event_timestamp'), row));
        rows.set(instant, [...(rows.get(instant) ?? []), spineRow(batch, row, selection)]);
      }
    }
    const [instant, most] = [...rows].reduce((a, b) => (b[1].length > a[1].length ? b : a));
    found.set(instant, most);
  }
  return found;
}

function spineRow(batch: RecordBatch, row: number, selection: FeatureSelection): SpineRow {
  const keys = Object.fromEntries(['origin', 'tailnum', 'carrier'].map((name) => [name, String(columnValue(columnOf(batch, name), row))]));
  return { keys, features: Object.fromEntries(selection.columns.map(({ column }) => [column, plain(columnValue(columnOf(batch, column), row))])) };
}

/** The driver gives int8 as text. */
const plain = (value: unknown): unknown => (typeof value === 'bigint' ? value.toString() : value);

/** The newest row of one entity at an instant within ttl, by plain SQL on the table. */
async function lookUp(client: pg.Client, table: string, view: FeatureViewSnapshot, keys: SpineRow['keys'], instant: string): Promise<Readonly<Record<string, unknown>>> {
  const oldest = view.ttlSeconds === null ? '' : `AND event_timestamp >= $1::timestamptz - interval '${view.ttlSeconds} seconds'`;
  const where = view.joinKeys.map(({ name }, i) => `${name} = $${i + 2}`).join(' AND ');
  const { rows } = await client.query<Record<string, unknown>>(`SELECT * FROM ${table} WHERE ${where} AND event_timestamp <= $1 ${oldest} ORDER BY event_timestamp DESC LIMIT 1`, [instant, ...view.joinKeys.map(({ name }) => keys[name])]);
  return Object.fromEntries(view.features.map(({ name }) => [name, rows[0]?.[name] ?? null]));
}

const differing = (mart: string, known: string, until: string): string =>
  `SELECT count(*)::int AS rows FROM ((SELECT * FROM ${mart} WHERE event_timestamp <= ${until} EXCEPT ALL SELECT * FROM ${known} WHERE event_timestamp <= ${until})
    UNION ALL (SELECT * FROM ${known} WHERE event_timestamp <= ${until} EXCEPT ALL SELECT * FROM ${mart} WHERE event_timestamp <= ${until})) AS differing`;

describe('a database that forgot all that was not known yet at an instant', function () {
  this.timeout(600_000);
  const selection = selectFeatures(featureRepository, { featureService: 'flight_delay_v1' });
  let data: RealData;
  let client: pg.Client;
  let samples: ReadonlyMap<Micros, readonly SpineRow[]>;
  before(async () => {
    data = await realData();
    samples = await sampleRows(data, selection);
    client = new pg.Client({ connectionString: data.databaseUrl });
    await client.connect();
  });
  after(() => client?.end());

  /** Builds the feature tables as `known_<table>` from raw data as they were known at the instant, and takes everything back afterwards. */
  async function asKnownAt(instant: Micros, work: (text: string) => Promise<void>): Promise<void> {
    const text = formatInstant(instant);
    await client.query('BEGIN');
    try {
      for (const setting of ["work_mem = '128MB'", 'jit = off']) await client.query(`SET LOCAL ${setting}`);
      for (const statement of FORGET) await client.query(statement, [text]);
      for (const { name, sql } of await readFeatureSql(FEATURE_SQL_FOLDER, createSqlTemplates({ folder: FEATURE_SQL_FOLDER, dialect: 'postgres' }))) await client.query(`CREATE TEMPORARY TABLE known_${name} ON COMMIT DROP AS ${sql}`);
      await work(text);
    } finally {
      await client.query('ROLLBACK');
    }
  }

  it('gives the same features, to the bit, for the spine rows of that instant, and the same feature tables up to it', async () => {
    let compared = 0;
    for (const [instant, rows] of samples) {
      await asKnownAt(instant, async (text) => {
        for (const view of selection.views) {
          const { rows: [found] } = await client.query<{ rows: number }>(differing(`feature_mart.${view.name}`, `known_${view.name}`, `'${text}'`));
          assert.equal(found!.rows, 0, `${view.name} up to ${text}`);
        }
        for (const row of rows) {
          const known: Record<string, unknown> = {};
          for (const view of selection.views) Object.assign(known, await lookUp(client, `known_${view.name}`, view, row.keys, text));
          assert.deepEqual(row.features, known, `${JSON.stringify(row.keys)} at ${text}`);
          compared += Object.keys(known).length;
        }
      });
    }
    noteFigures('no leak', { instants: samples.size, 'spine rows': [...samples.values()].reduce((sum, rows) => sum + rows.length, 0), values: compared });
    assert.ok(compared > 1000, String(compared));
  });

  it('is told apart by the same comparison a day later, so that the comparison can see a leak', async () => {
    const [instant] = [...samples.keys()];
    await asKnownAt(instant!, async (text) => {
      for (const { name } of selection.views.filter(({ ttlSeconds }) => ttlSeconds !== null)) {
        const { rows: [found] } = await client.query<{ rows: number }>(differing(`feature_mart.${name}`, `known_${name}`, `'${text}'::timestamptz + interval '1 day'`));
        assert.ok(found!.rows > 0, name);
      }
    });
  });
});
