import assert from 'node:assert/strict';
import pg from 'pg';
import { postgresDialect } from '../../../adapters/templates/postgres.ts';
import { renderTemplate } from '../../../adapters/templates/render-template.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

describe('loader SQL macros on PostgreSQL', () => {
  let database: TestDatabase;
  let client: pg.Client;

  before(async () => {
    database = await createTestDatabase();
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query('SET TIME ZONE UTC');
  });
  after(async () => {
    await client.end();
    await database.drop();
  });

  /** The value of one expression, as text. `a` and `b` are instants. */
  async function valueOf(expression: string, a: string, b: string = a): Promise<string | null> {
    const asOfMicros = Date.parse('2026-11-23T10:00:00Z') * 1000;
    const { sql, values } = renderTemplate(`SELECT CAST({{ ${expression} }} AS text) AS value FROM (SELECT {{ a }}::timestamptz AS a, {{ b }}::timestamptz AS b) AS t`, { sourceUri: 'x', parameters: { a, b }, asOfMicros }, postgresDialect);
    const { rows } = await client.query<{ value: string | null }>(sql, [...values]);
    return rows[0]!.value;
  }

  it('as_of is the instant itself', async () => {
    assert.equal(await valueOf('as_of()', '2026-01-01'), '2026-11-23 10:00:00+00');
  });

  it('dateadd adds units of fixed length', async () => {
    const at = '2026-03-07T12:00:00.000001Z';
    assert.equal(await valueOf("dateadd('day', 2, 'a')", at), '2026-03-09 12:00:00.000001+00');
    assert.equal(await valueOf("dateadd('week', -1, 'a')", at), '2026-02-28 12:00:00.000001+00');
    assert.equal(await valueOf("dateadd('hour', '1 + 1', 'a')", at), '2026-03-07 14:00:00.000001+00');
    assert.equal(await valueOf("dateadd('microsecond', 1, 'a')", at), '2026-03-07 12:00:00.000002+00');
  });

  it('datediff counts the boundaries between, in UTC', async () => {
    assert.equal(await valueOf("datediff('a', 'b', 'day')", '2026-03-07T23:59:59Z', '2026-03-08T00:00:00Z'), '1');
    assert.equal(await valueOf("datediff('b', 'a', 'day')", '2026-03-07T23:59:59Z', '2026-03-08T00:00:00Z'), '-1');
    assert.equal(await valueOf("datediff('a', 'b', 'week')", '2026-03-08T12:00:00Z', '2026-03-09T00:00:00Z'), '1');
    assert.equal(await valueOf("datediff('a', 'b', 'hour')", '2026-03-07T10:59:59Z', '2026-03-08T10:00:00Z'), '24');
    assert.equal(await valueOf("datediff('a', 'b', 'microsecond')", '2013-03-07T10:00:00.000001Z', '2026-03-07T10:00:00Z'), '410227199999999');
    assert.equal(await valueOf("datediff('a', 'b', 'millisecond')", '2026-03-07T10:00:00.0009Z', '2026-03-07T10:00:00.001Z'), '1');
  });

  it('date_trunc cuts down on the clocks of the zone, or of UTC', async () => {
    assert.equal(await valueOf("date_trunc('day', 'a', 'America/New_York')", '2026-11-02T04:30:00Z'), '2026-11-01 04:00:00+00');
    assert.equal(await valueOf("date_trunc('day', 'a')", '2026-11-02T04:30:00Z'), '2026-11-02 00:00:00+00');
    assert.equal(await valueOf("date_trunc('week', 'a')", '2026-11-01T04:30:00Z'), '2026-10-26 00:00:00+00');
  });

  it('extract_part reads the clocks and the calendar of the zone', async () => {
    const parts = ['year', 'quarter', 'month', 'day', 'dayofyear', 'weekday', 'hour', 'minute', 'second'];
    const found: (string | null)[] = [];
    for (const part of parts) found.push(await valueOf(`extract_part('${part}', 'a', 'America/New_York')`, '2027-01-01T04:59:59.9Z'));
    assert.deepEqual(found, ['2026', '4', '12', '31', '365', '4', '23', '59', '59']);
    assert.equal(await valueOf("extract_part('weekday', 'a', 'UTC')", '2026-11-29T12:00:00Z'), '7');
  });

  it('at_time_zone gives what the clocks show; cast and the types convert', async () => {
    assert.equal(await valueOf("at_time_zone('a', 'Asia/Kolkata')", '2026-11-23T10:00:00Z'), '2026-11-23 15:30:00');
    for (const [type, text] of [['int', '7'], ['bigint', '7'], ['float', '7'], ['numeric', '7'], ['string', '7']] as const) {
      assert.equal(await valueOf(`cast("'7'", type_${type}())`, '2026-01-01'), text);
    }
    assert.equal(await valueOf("cast('a IS NULL', type_boolean())", '2026-01-01'), 'false');
    assert.equal(await valueOf("cast(\"'2026-01-01'\", type_timestamp())", '2026-01-01'), '2026-01-01 00:00:00+00');
  });
});
