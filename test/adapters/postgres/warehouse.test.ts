import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { createPostgresWarehouse } from '../../../adapters/postgres/warehouse.ts';
import type { Field } from '../../../domain/features/definitions.ts';
import { describeWarehouseContract, failure } from '../../contracts/warehouse.ts';
import { collectRows, column, viewOf } from '../../contracts/warehouse-harness.ts';
import { openPostgres } from './harness.ts';
import type { PostgresHarness } from './harness.ts';

describeWarehouseContract('PostgreSQL', openPostgres);

const NOON = 1_700_000_000_000_000;

describe('PostgreSQL warehouse', () => {
  let harness: PostgresHarness;
  before(async () => { harness = await openPostgres(); });
  after(() => harness.close());

  const newest = (table: string, features: readonly Field[]) => viewOf({
    name: 'cast', joinKeys: [{ name: 'k', type: 'String' }], features, source: { name: 'cast', table, timestampField: 'at' },
  });
  const readNewest = async (table: string, features: Parameters<typeof newest>[1]) =>
    (await collectRows(await harness.warehouse.newestRows({ view: newest(table, features), startMicros: NOON, endMicros: NOON + 10, slice: { index: 0, count: 1 } }))).map((row) => row.slice(1, -2));

  it('casts to the declared types without rounding twice', async () => {
    // Halfway between two float32 values once rounded to float64: parsed from the decimal text it lies above, and rounds up.
    const decimal = '1.000000178813934326171875000000000001';
    await harness.client.query(`CREATE TABLE raw_data.casts AS SELECT 'k' AS k, timestamptz '2023-11-14 22:13:20Z' AS at, 0.1::float8 AS d, 'infinity'::float8 AS big, 1e-300::float8 AS small, ${decimal}::numeric AS num,
      2147483647::bigint AS i8, 16777217::int AS i4, true AS b, 'Zürich'::varchar(9) AS v, 'ab'::char(4) AS c, '\\x00ff'::bytea AS y, timestamp '1969-12-31 23:59:59.5' AS t, date '1970-01-02' AS day, 5::bigint AS unix, (-9223372036854775808)::bigint AS nat,
      '11111111-2222-3333-4444-555555555555'::uuid AS u, 3::smallint AS i2, 1.5::real AS r`);
    const features = [
      ['d', 'Float32'], ['big', 'Float32'], ['small', 'Float32'], ['num', 'Float32'], ['num', 'Float64'], ['num', 'Decimal'], ['i8', 'Int32'], ['i8', 'Float64'], ['i4', 'Float32'], ['b', 'Bool'], ['v', 'String'],
      ['c', 'String'], ['y', 'Bytes'], ['t', 'UnixTimestamp'], ['day', 'UnixTimestamp'], ['unix', 'UnixTimestamp'], ['nat', 'UnixTimestamp'], ['u', 'String'], ['i2', 'Int64'], ['r', 'Float64'],
    ] as const;
    const expected = [
      Math.fround(0.1), Infinity, 0, Math.fround(1 + 2 ** -22), Number(decimal), decimal, 2147483647, 2147483647, Math.fround(16777217), true, 'Zürich', 'ab', Uint8Array.of(0, 255), -1, 86_400, 5, null,
      '11111111-2222-3333-4444-555555555555', 3n, 1.5,
    ];
    for (const [i, [name, type]] of features.entries()) assert.deepEqual(await readNewest('raw_data.casts', [{ name, type }]), [[expected[i]]], `${name} as ${type}`);
  });

  it('rounds float8 to Float32 as Math.fround does', async () => {
    const values = Array.from({ length: 500 }, (_, i) => Math.sin(i) * 10 ** ((i % 78) - 40));
    await harness.createTable('raw_data.doubles', [column('k', 'String'), column('at', 'Timestamp'), column('x', 'Float64')], values.map((value, i) => [String(i).padStart(3, '0'), NOON, value]));
    assert.deepEqual((await readNewest('raw_data.doubles', [{ name: 'x', type: 'Float32' }])).flat(), values.map(Math.fround));
  });

  it('refuses values that do not fit, without showing them', async () => {
    await harness.client.query("CREATE TABLE raw_data.beyond AS SELECT 'k' AS k, timestamptz '2023-11-14 22:13:20Z' AS at, 9.87e300::float8 AS large, 9.87e-50::numeric AS small");
    for (const name of ['large', 'small']) {
      await assert.rejects(readNewest('raw_data.beyond', [{ name, type: 'Float32' }]), (error: Error) => failure('INVALID_DATA', /too large for Float32|out of range for type real/)(error) && !error.message.includes('987'));
    }
    await harness.createTable('raw_data.large', [column('k', 'String'), column('at', 'Timestamp'), column('n', 'Int64')], [['k', NOON, 987_654_321_987n]]);
    await assert.rejects(readNewest('raw_data.large', [{ name: 'n', type: 'Int32' }]), (error: Error) => failure('INVALID_DATA', /integer out of range/)(error) && !error.message.includes('987'));
  });

  it('refuses an infinite instant, which no number can hold', async () => {
    const sql = "SELECT 'k'::text AS k, timestamptz '2023-11-14 22:13:20Z' AS event_timestamp, 'infinity'::timestamptz AS seen";
    const spine = await harness.warehouse.writeSpine({ name: 'endless', query: { sql, values: [] }, entityColumns: ['k'], timestampColumn: 'event_timestamp', asOfMicros: NOON, expiresAtMicros: NOON });
    const stream = await harness.warehouse.historicalFeatures({ spine, timestampColumn: 'event_timestamp', selection: { views: [], columns: [] } });
    await assert.rejects(collectRows(stream), failure('INVALID_DATA', /Column seen .* infinity/));
  });

  it('reads timestamps without zone and dates as UTC, as keys of time and with the index', async () => {
    await harness.client.query(`CREATE TABLE feature_mart.naive AS SELECT 'k' AS k, timestamp '2023-11-14 22:13:20' AS at, 1::bigint AS n UNION ALL SELECT 'k', '2023-11-14 22:13:20.000001', 2`);
    await harness.client.query(`CREATE TABLE feature_mart.daily AS SELECT 'k' AS k, date '2023-11-14' AS at, 1::bigint AS n UNION ALL SELECT 'k', '2023-11-15', 2`);
    await harness.client.query('ALTER DATABASE ' + new URL(harness.url).pathname.slice(1) + " SET TimeZone = 'Asia/Tokyo'");
    const spine = await harness.warehouse.writeSpine({ name: 'naive', query: { sql: "SELECT 'k'::text AS k, timestamp '2023-11-14 22:13:20' AS event_timestamp", values: [] }, entityColumns: ['k'], timestampColumn: 'event_timestamp', asOfMicros: NOON, expiresAtMicros: NOON });
    const views = ['naive', 'daily'].map((table) => viewOf({ name: table, joinKeys: [{ name: 'k', type: 'String' }], features: [{ name: 'n', type: 'Int64' }], source: { name: table, table: `feature_mart.${table}`, timestampField: 'at' }, ttlSeconds: table === 'daily' ? 80_000 : 0 }));
    const stream = await harness.warehouse.historicalFeatures({ spine, timestampColumn: 'event_timestamp', selection: { views, columns: views.map(({ name }) => ({ view: name, feature: 'n', column: name })) } });
    assert.deepEqual(await collectRows(stream), [['k', NOON, 1n, 1n]]);
  });

  it('joins by keys as they are online: a uuid by its text, a char(n) without the blanks at its end, a time by its second', async () => {
    const id = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11';
    await harness.client.query(`CREATE TABLE feature_mart.keyed AS SELECT '${id}'::uuid AS id, 'ab'::char(4) AS code, timestamptz '2023-11-14 20:00:00.2Z' AS slot, timestamp '2023-11-14 20:00:00.2' AS naive, timestamptz '2023-11-14 22:13:20Z' AS at, 1::bigint AS n`);
    await harness.client.query('CREATE INDEX ON feature_mart.keyed (id, at)');
    const spine = await harness.warehouse.writeSpine({
      name: 'keyed', asOfMicros: NOON, expiresAtMicros: NOON, entityColumns: ['id', 'slot'], timestampColumn: 'event_timestamp',
      query: { values: [], sql: `SELECT id, code, timestamptz '2023-11-14 20:00:00Z' + slot AS slot, timestamptz '2023-11-14 20:00:00Z' + slot AS naive, timestamptz '2023-11-14 22:13:20Z' AS event_timestamp
        FROM (VALUES ('${id}', 'ab', interval '0.9 s'), ('${id.toUpperCase()}', 'ab ', '1 s'), ('no uuid', 'AB', '-0.000001 s')) AS v (id, code, slot)` },
    });
    const views = ([['id', 'String'], ['code', 'String'], ['slot', 'UnixTimestamp'], ['naive', 'UnixTimestamp']] as const).map(([key, type]) =>
      viewOf({ name: `by_${key}`, joinKeys: [{ name: key, type }], features: [{ name: 'n', type: 'Int64' }], source: { name: 'keyed', table: 'feature_mart.keyed', timestampField: 'at' } }));
    const stream = await harness.warehouse.historicalFeatures({ spine, timestampColumn: 'event_timestamp', selection: { views, columns: views.map(({ name }) => ({ view: name, feature: 'n', column: name })) } });
    const rows = (await collectRows(stream)).map((row) => [row[0], ...row.slice(-4)]);
    assert.deepEqual(new Map(rows.map(([key, ...found]) => [key, found])), new Map([[id, [1n, 1n, 1n, 1n]], [id.toUpperCase(), [null, null, null, null]], ['no uuid', [null, null, null, null]]]));
  });

  it('tells columns apart whose names are longer than those of PostgreSQL', async () => {
    const long = 'v'.repeat(62);
    await harness.client.query("CREATE TABLE feature_mart.wide AS SELECT 'k'::text AS k, timestamptz '2023-11-14 22:13:20Z' AS at, 1::bigint AS x, 2::bigint AS y");
    const spine = await harness.warehouse.writeSpine({ name: 'wide', query: { sql: 'SELECT k, at AS event_timestamp FROM feature_mart.wide', values: [] }, entityColumns: ['k'], timestampColumn: 'event_timestamp', asOfMicros: NOON, expiresAtMicros: NOON });
    const view = viewOf({ name: long, joinKeys: [{ name: 'k', type: 'String' }], features: [{ name: 'x', type: 'Int64' }, { name: 'y', type: 'Int64' }], source: { name: 'wide', table: 'feature_mart.wide', timestampField: 'at' } });
    const stream = await harness.warehouse.historicalFeatures({ spine, timestampColumn: 'event_timestamp', selection: { views: [view], columns: ['y', 'x'].map((feature) => ({ view: long, feature, column: `${long}__${feature}` })) } });
    assert.deepEqual(stream.schema.slice(2).map(({ name }) => name), [`${long}__y`, `${long}__x`]);
    assert.deepEqual((await collectRows(stream)).map((row) => row.slice(2)), [[2n, 1n]]);
  });

  it('runs a spine query as one statement, whatever its text does', async () => {
    await harness.client.query('CREATE TABLE raw_data.victim ()');
    const sql = "SELECT 1) AS q; DROP TABLE raw_data.victim; COMMIT; SELECT * FROM (SELECT 'k'::text AS k, timestamptz '2023-11-14 22:13:20Z' AS event_timestamp";
    await assert.rejects(harness.warehouse.writeSpine({ name: 'several', query: { sql, values: [] }, entityColumns: ['k'], timestampColumn: 'event_timestamp', asOfMicros: NOON, expiresAtMicros: NOON }), failure('INVALID_TEMPLATE', /multiple commands/));
    await harness.client.query('SELECT FROM raw_data.victim');
  });

  it('quotes every name that a definition gives', async () => {
    const odd = 'x"; DROP TABLE raw_data.victim; --';
    await harness.client.query(`CREATE TABLE feature_mart."o""dd;" AS SELECT 'k'::text AS "k""ey", timestamptz '2023-11-14 22:13:20Z' AS "a't", 7::bigint AS "${odd.replaceAll('"', '""')}"`);
    const spine = await harness.warehouse.writeSpine({ name: 'odd', query: { sql: `SELECT "k""ey", "a't" AS event_timestamp FROM feature_mart."o""dd;"`, values: [] }, entityColumns: ['k"ey'], timestampColumn: 'event_timestamp', asOfMicros: NOON, expiresAtMicros: NOON });
    const view = viewOf({ name: odd, joinKeys: [{ name: 'k"ey', type: 'String' }], features: [{ name: odd, type: 'Int64' }], source: { name: 'odd', table: 'feature_mart.o"dd;', timestampField: "a't" } });
    const joined = await harness.warehouse.historicalFeatures({ spine, timestampColumn: 'event_timestamp', selection: { views: [view], columns: [{ view: odd, feature: odd, column: odd }] } });
    assert.deepEqual((await collectRows(joined)).map((row) => row.at(-1)), [7n]);
    const newestOnes = await harness.warehouse.newestRows({ view, startMicros: NOON, endMicros: NOON, slice: { index: 0, count: 1 } });
    assert.deepEqual((await collectRows(newestOnes)).map((row) => row[1]), [7n]);
    await harness.client.query('SELECT FROM raw_data.victim');
  });

  it('counts the instants that cannot be used, wherever in the spine they lie, and keeps nothing', async () => {
    const write = (name: string, times: readonly string[]) => harness.warehouse.writeSpine({ name, query: { sql: `SELECT 'k'::text AS k, t::timestamptz AS event_timestamp FROM unnest(ARRAY[${times.join(', ')}]::text[]) AS t`, values: [] }, entityColumns: ['k'], timestampColumn: 'event_timestamp', asOfMicros: NOON, expiresAtMicros: NOON });
    const [usable, early, late] = ["'2023-11-14 22:13:20Z'", "'1699-12-31 23:59:59.999999Z'", "'2023-11-14 22:13:20.000001Z'"];
    assert.equal((await write('usable', [usable, "'1700-01-01Z'", usable])).rowCount, 3);
    await assert.rejects(write('usable', [usable, early, usable, "'-infinity'"]), failure('INVALID_DATA', /\(4 rows\)[^]*2 rows are earlier than the year 1700/));
    await assert.rejects(write('usable', [usable, early, late, 'NULL', late, 'NULL', "'infinity'"]), failure('INVALID_DATA', /2 rows have no event timestamp[^]*3 rows are later than the as-of instant[^]*1 rows are earlier/));
    assert.equal((await write('none', [])).rowCount, 0);
    const { rows } = await harness.client.query("SELECT (SELECT count(*) FROM spine_data.usable) AS kept, (SELECT count(*) FROM pg_tables WHERE schemaname = 'spine_data' AND tablename LIKE 'building%') AS begun");
    assert.deepEqual(rows, [{ kept: '3', begun: '0' }]);
  });

  it('keeps the expiry of a spine in the comment of its table', async () => {
    await harness.warehouse.writeSpine({ name: 'noted', query: { sql: "SELECT 'k'::text AS k, now() - interval '1 year' AS event_timestamp", values: [] }, entityColumns: ['k'], timestampColumn: 'event_timestamp', asOfMicros: Date.now() * 1000, expiresAtMicros: NOON });
    const { rows } = await harness.client.query<{ note: string }>("SELECT obj_description('spine_data.noted'::regclass) AS note");
    assert.equal((JSON.parse(rows[0]!.note) as { expires_at: string }).expires_at, '2023-11-14T22:13:20.000000Z');
  });

  describe('with many rows', () => {
    const view = viewOf({ name: 'many', joinKeys: [{ name: 'k', type: 'Int64' }], features: [{ name: 'x', type: 'Float64' }], source: { name: 'many', table: 'feature_mart.many', timestampField: 'at' } });
    const window = { view, startMicros: NOON, endMicros: NOON, slice: { index: 0, count: 1 } };
    const running = async (): Promise<number> => (await harness.client.query("SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend' AND state = 'active' AND query LIKE 'COPY%'")).rowCount ?? 0;
    const untilIdle = async (): Promise<void> => { for (let i = 0; i < 100 && (await running()) > 0; i++) await sleep(20); };

    before(() => harness.client.query("CREATE TABLE feature_mart.many AS SELECT g::bigint AS k, timestamptz '2023-11-14 22:13:20Z' AS at, g / 3.0::float8 AS x FROM generate_series(1, 300000) AS g"));

    it('streams all of them in order, in batches', async () => {
      let next = 1n;
      const stream = await harness.warehouse.newestRows(window);
      for await (const { columns, rowCount } of stream.batches) {
        assert.ok(rowCount <= 10_000);
        for (const k of columns[0]!.values as BigInt64Array) assert.equal(k, next++);
      }
      assert.equal(next, 300_001n);
    });

    it('stops the query when the consumer stops, and goes on serving', async () => {
      const warehouse = createPostgresWarehouse({ connectionString: harness.url, maxConnections: 1 });
      for (let i = 0; i < 3; i++) {
        for await (const batch of (await warehouse.newestRows(window)).batches) { assert.ok(batch.rowCount > 0); break; }
      }
      await untilIdle();
      assert.equal(await running(), 0);
      assert.equal((await warehouse.describeTable('feature_mart.many')).length, 3);
      await warehouse.close();
    });

    it('cancels on the server when the signal aborts, also before the first row', async () => {
      await harness.client.query("CREATE VIEW feature_mart.slow AS SELECT k, at, x + (pg_sleep(30) IS NULL)::int AS x FROM feature_mart.many");
      const controller = new AbortController();
      const slow = { ...view, source: { ...view.source, table: 'feature_mart.slow' } };
      const stream = await harness.warehouse.newestRows({ ...window, view: slow, signal: controller.signal });
      const reading = collectRows(stream);
      for (let i = 0; i < 100 && (await running()) === 0; i++) await sleep(20);
      const started = await running();
      controller.abort(new Error('enough'));
      await assert.rejects(reading, /enough/);
      assert.equal(started, 1);
      await untilIdle();
      assert.equal(await running(), 0);
    });

    it('cancels the copying of a table without index when the signal aborts', async () => {
      await harness.client.query("CREATE VIEW feature_mart.slow_copy AS SELECT 'k'::text AS k, timestamptz '2023-11-14 22:13:20Z' AS at, (pg_sleep(30) IS NULL)::int::float8 AS x");
      const spine = await harness.warehouse.writeSpine({ name: 'slow_copy', query: { sql: "SELECT 'k'::text AS k, timestamptz '2023-11-14 22:13:20Z' AS event_timestamp", values: [] }, entityColumns: ['k'], timestampColumn: 'event_timestamp', asOfMicros: NOON, expiresAtMicros: NOON });
      const slow = viewOf({ name: 'slow', joinKeys: [{ name: 'k', type: 'String' }], features: [{ name: 'x', type: 'Float64' }], source: { name: 'slow', table: 'feature_mart.slow_copy', timestampField: 'at' } });
      const controller = new AbortController();
      const stream = await harness.warehouse.historicalFeatures({ spine, timestampColumn: 'event_timestamp', selection: { views: [slow], columns: [{ view: 'slow', feature: 'x', column: 'x' }] }, signal: controller.signal });
      setTimeout(() => controller.abort(new Error('enough')), 150);
      const started = Date.now();
      await assert.rejects(collectRows(stream), /enough/);
      assert.ok(Date.now() - started < 10_000);
    });

    it('survives the loss of a connection in the middle: the read is UNAVAILABLE, the next one works', async () => {
      const reading = async (): Promise<void> => {
        for await (const { rowCount } of (await harness.warehouse.newestRows(window)).batches) {
          assert.ok(rowCount > 0);
          await harness.client.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE 'COPY%'");
        }
      };
      await assert.rejects(reading(), failure('UNAVAILABLE'));
      await sleep(50); // the event of the lost connection comes later than the error
      assert.equal((await harness.warehouse.describeTable('feature_mart.many')).length, 3);
    });

    it('serves as many readers at a time as a worker has', async () => {
      const readers = await Promise.all(Array.from({ length: 8 }, async () => (await harness.warehouse.newestRows(window)).batches[Symbol.asyncIterator]()));
      const first = await Promise.all(readers.map((reader) => reader.next()));
      assert.ok(first.every(({ done }) => done === false));
      for (const reader of readers) await reader.return?.();
    });

    it('cancels the writing of a spine when the signal aborts, and keeps nothing', async () => {
      const controller = new AbortController();
      const writing = harness.warehouse.writeSpine({ name: 'slow', query: { sql: "SELECT 'k'::text AS k, now() + pg_sleep(30)::text::interval AS event_timestamp FROM generate_series(1, 10)", values: [] }, entityColumns: ['k'], timestampColumn: 'event_timestamp', asOfMicros: NOON, expiresAtMicros: NOON, signal: controller.signal });
      setTimeout(() => controller.abort(new Error('enough')), 150);
      await assert.rejects(writing, /enough/);
      await assert.rejects(harness.warehouse.describeTable('spine_data.slow'), failure('NOT_FOUND'));
    });
  });

  it('says UNAVAILABLE, without the password, when no server answers', async () => {
    const warehouse = createPostgresWarehouse({ connectionString: 'postgresql://someone:secretword@127.0.0.1:1/none' });
    const unavailable = (error: Error): boolean => failure('UNAVAILABLE')(error) && !error.message.includes('secretword');
    await assert.rejects(warehouse.describeTable('a.b'), unavailable);
    await assert.rejects(warehouse.newestRows({ view: newest('a.b', []), startMicros: NOON, endMicros: NOON, slice: { index: 0, count: 1 } }), unavailable);
    await warehouse.close();
  });
});
