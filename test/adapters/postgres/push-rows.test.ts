import assert from 'node:assert/strict';
import pg from 'pg';
import { createPostgresPushLog } from '../../../adapters/postgres/push-log.ts';
import { PipelineError } from '../../../domain/errors.ts';
import type { PushedRow } from '../../../domain/features/pushed-rows.ts';
import type { FeatureViewSnapshot } from '../../../domain/features/snapshot.ts';
import type { FeatureValue } from '../../../domain/features/value-types.ts';
import type { PushLog } from '../../../ports/push-log.ts';
import { testView } from '../../contracts/online-rows.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

const NOW = 1_700_000_000_000_000;
/** 9999-12-31T23:59:59Z and 0001-01-01T00:00:00Z. */
const [LAST, FIRST] = [253_402_300_799, -62_135_596_800];

describe('A pushed row as text for its table', function () {
  this.timeout(30_000);
  let database: TestDatabase;
  let client: pg.Client;
  let log: PushLog;
  before(async () => {
    database = await createTestDatabase();
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query("SET TimeZone = 'UTC'; CREATE SCHEMA feature_mart");
    log = createPostgresPushLog({ connectionString: database.url });
    await log.prepare();
  });
  after(async () => {
    await log.close();
    await client.end();
    await database.drop();
  });
  afterEach(() => client.query('DROP TABLE feature_mart.t; TRUNCATE push_log.events, push_log.pending'));

  const view: FeatureViewSnapshot = testView('t', [{ name: 'k', type: 'Int64' }], []);
  /** Pushes the values, a row each, to a table whose column `x` has the native type. */
  const push = async (native: string, type: FeatureViewSnapshot['features'][number]['type'], values: readonly FeatureValue[]): Promise<unknown[]> => {
    await client.query(`CREATE TABLE feature_mart.t (k int8, x ${native}, event_timestamp timestamptz)`);
    const rows = values.map((value, index): PushedRow => ({ key: [BigInt(index)], values: [value], eventTimestampMicros: NOW, createdTimestampMicros: null, deleted: false }));
    await log.record([{ receivedMicros: NOW, views: [{ view: { ...view, features: [{ name: 'x', type }] }, rows }], online: false }]);
    return (await client.query<{ x: unknown }>('SELECT x::text AS x FROM feature_mart.t ORDER BY k')).rows.map(({ x }) => x);
  };
  const refused = async (native: string, type: FeatureViewSnapshot['features'][number]['type'], values: readonly FeatureValue[]): Promise<string> => {
    const error = await push(native, type, values).then(() => assert.fail('it was recorded'), (thrown: unknown) => thrown);
    assert.ok(error instanceof PipelineError && error.code === 'INVALID_DATA', String(error));
    assert.equal((await client.query('SELECT FROM feature_mart.t')).rowCount, 0);
    return error.message;
  };

  it('has the times of a list as instants where the column has instants, and as seconds where it has numbers', async () => {
    const lists = [[1_700_000_000, -1], [], null];
    assert.deepEqual(await push('timestamptz[]', 'Array(UnixTimestamp)', lists), ['{"2023-11-14 22:13:20+00","1969-12-31 23:59:59+00"}', '{}', null]);
    await client.query('DROP TABLE feature_mart.t; TRUNCATE push_log.events');
    assert.deepEqual(await push('timestamp[]', 'Array(UnixTimestamp)', lists), ['{"2023-11-14 22:13:20","1969-12-31 23:59:59"}', '{}', null]);
    await client.query('DROP TABLE feature_mart.t; TRUNCATE push_log.events');
    assert.deepEqual(await push('date[]', 'Array(UnixTimestamp)', [[86_400]]), ['{1970-01-02}']);
    await client.query('DROP TABLE feature_mart.t; TRUNCATE push_log.events');
    assert.deepEqual(await push('int8[]', 'Array(UnixTimestamp)', [[1_700_000_000, -1], [9_000_000_000_000_000], null]), ['{1700000000,-1}', '{9000000000000000}', null]);
  });

  it('has JSON texts in lists, in json[] as they are and in jsonb[] as PostgreSQL writes them', async () => {
    const texts = ['{"a": "q\\"\\\\ ,}\\n"}', 'null', '[1,2]'];
    await push('json[]', 'Array(Json)', [texts]);
    assert.deepEqual((await client.query('SELECT x[1]::text AS a, x[2]::text AS b, x[3]::text AS c FROM feature_mart.t')).rows, [{ a: texts[0], b: texts[1], c: texts[2] }]);
    await client.query('DROP TABLE feature_mart.t; TRUNCATE push_log.events');
    await push('jsonb[]', 'Array(Json)', [texts]);
    assert.deepEqual((await client.query('SELECT x[1] AS a, x[2]::text AS b, x[3] AS c FROM feature_mart.t')).rows, [{ a: JSON.parse(texts[0]!), b: 'null', c: [1, 2] }]);
  });

  it('keeps the first and the last time that has four digits of a year', async () => {
    assert.deepEqual(await push('timestamptz', 'UnixTimestamp', [FIRST, LAST]), ['0001-01-01 00:00:00+00', '9999-12-31 23:59:59+00']);
  });

  it('is refused, with every row and column, where a time has no place in the column', async () => {
    const message = await refused('timestamptz', 'UnixTimestamp', [0, 9_000_000_000_000_000, LAST + 1, FIRST - 1]);
    for (const row of [1, 2, 3]) assert.match(message, new RegExp(`row ${row} \\(the first is 0\\), column x: the time is not within the years 1 to 9999`));
    assert.doesNotMatch(message, /row 0 |9000000000000000/);
  });

  it('is refused where a list of instants could not be read again', async () => {
    assert.match(await refused('timestamptz[]', 'Array(UnixTimestamp)', [[0], [0, LAST]]), /row 1 \(the first is 0\), column x: .*1685 to 2255/);
  });

  it('is refused where a text has a U+0000, or JSON its escape in a jsonb column alone', async () => {
    assert.match(await refused('text', 'String', ['a', 'b\0secret']), /row 1 \(the first is 0\), column x: .*U\+0000/);
    await client.query('DROP TABLE feature_mart.t');
    const [escape, none] = [String.raw`"a\u0000"`, String.raw`"a\\u0000"`];
    const message = await refused('jsonb[]', 'Array(Json)', [[none], [none, escape]]);
    assert.match(message, /row 1 \(the first is 0\), column x: .*U\+0000.*jsonb/);
    assert.doesNotMatch(message, /row 0 /);
    await client.query('DROP TABLE feature_mart.t');
    assert.deepEqual(await push('json', 'Json', [escape, none]), [escape, none]);
  });

  it('is refused with row and column, without the value, where PostgreSQL alone knows', async () => {
    const message = await refused('varchar(6)', 'String', ['short', 'secret, line 1, column k: "1"']);
    assert.match(message, /Table feature_mart\.t refuses the rows at row 1 \(the first is 0\), column x: .*too long/);
    assert.doesNotMatch(message, /secret/);
    await client.query('DROP TABLE feature_mart.t');
    const surrogate = await refused('jsonb', 'Json', ['1', String.raw`"\ud800 secret"`]);
    assert.match(surrogate, /at row 1 \(the first is 0\), column x: PostgreSQL could not convert a value/);
    assert.doesNotMatch(surrogate, /secret/);
    await client.query('DROP TABLE feature_mart.t');
    const constraint = await refused("text CONSTRAINT no_secret CHECK (x <> 'secret')", 'String', ['a', 'b', 'secret']);
    assert.match(constraint, /at row 2 \(the first is 0\) by its constraint no_secret/);
    await client.query('DROP TABLE feature_mart.t');
    assert.match(await refused('text NOT NULL', 'String', ['a', null]), /at row 1 \(the first is 0\): column x may not be null/);
  });

  it('is counted by its place in the push, also where repeats before it are not written again', async () => {
    await client.query('CREATE TABLE feature_mart.t (k int8, x int2, event_timestamp timestamptz)');
    const row = (k: number, x: number): PushedRow => ({ key: [BigInt(k)], values: [x], eventTimestampMicros: NOW, createdTimestampMicros: null, deleted: false });
    const send = (...rows: PushedRow[]) => log.record([{ receivedMicros: NOW, views: [{ view: { ...view, features: [{ name: 'x', type: 'Int32' }] }, rows }], online: false }]);
    await send(row(1, 1), row(2, 2));
    await assert.rejects(send(row(1, 1), row(2, 2), row(3, 3), row(4, 40_000)), /at row 3 \(the first is 0\), column x: /);
  });
});
