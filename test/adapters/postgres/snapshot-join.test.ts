import assert from 'node:assert/strict';
import type pg from 'pg';
import { describePostgresTable } from '../../../adapters/postgres/describe.ts';
import { createPostgresPool, withClient } from '../../../adapters/postgres/pool.ts';
import { rowsApart, type RowsApart } from '../../../adapters/postgres/source-index.ts';
import { bindSource, newestLast } from '../../../adapters/postgres/view-source.ts';
import type { FeatureViewSnapshot } from '../../../domain/features/snapshot.ts';
import type { FeatureValue } from '../../../domain/features/value-types.ts';
import type { JoinStrategy } from '../../../ports/warehouse.ts';
import { collectRows, viewOf } from '../../contracts/warehouse-harness.ts';
import { openPostgres } from './harness.ts';
import type { PostgresHarness } from './harness.ts';

const SECOND = 1_000_000;
const START = 1_700_000_000 * SECOND;

describe('the order in which the strategy "snapshot" reads a source', () => {
  let harness: PostgresHarness;
  let pool: pg.Pool;
  before(async () => {
    harness = await openPostgres();
    pool = createPostgresPool({ connectionString: harness.url });
  });
  after(async () => {
    await pool.end();
    await harness.close();
  });

  const source = { name: 'f', table: 'feature_mart.f', timestampField: 'at', createdTimestampColumn: 'created' };
  const view = viewOf({ name: 'f', joinKeys: [{ name: 'a', type: 'Int64' }, { name: 'b', type: 'String' }], features: [{ name: 'x', type: 'Float64' }, { name: 'n', type: 'Int64' }], source });
  const inspect = (of: FeatureViewSnapshot): Promise<{ apart: RowsApart; order: string }> => withClient(pool, async (client) => {
    const bound = bindSource(of, await describePostgresTable(client, of.source.table)).source!;
    const apart = await rowsApart(client, bound);
    return { apart, order: newestLast(bound, apart) };
  });
  const join = async (strategy: JoinStrategy, of: FeatureViewSnapshot, spine: string): Promise<FeatureValue[][]> => {
    const schema = [...of.joinKeys, { name: 'event_timestamp', type: 'Timestamp' as const }];
    const columns = of.features.map(({ name }) => ({ view: of.name, feature: name, column: name }));
    return collectRows(await harness.warehouse.historicalFeatures({ spine: { table: spine, rowCount: 1, schema, asOfMicros: START }, timestampColumn: 'event_timestamp', selection: { views: [of], columns }, strategy }));
  };

  it('is that of time alone, or of both timestamps, where a unique index rules ties out, and nowhere else', async () => {
    await harness.client.query("CREATE TABLE feature_mart.f (a bigint, b text, at timestamptz, created timestamptz, x float8, n bigint)");
    const full = 'f."at", f."created" NULLS FIRST, f."a", f."b" COLLATE "C", f."x" DESC NULLS FIRST, f."n" DESC NULLS FIRST';
    assert.deepEqual(await inspect(view), { apart: undefined, order: full });
    const found = new Map<string, RowsApart>();
    for (const index of ['UNIQUE (a, b, at DESC)', 'UNIQUE (at, b)', 'UNIQUE (a, b, at) INCLUDE (x)', 'INDEX (a, b, at)', 'UNIQUE (a, b, at, created)', 'UNIQUE (a, b, at) WHERE x > 5', 'UNIQUE (a, lower(b), at)']) {
      const [kind, columns] = [index.startsWith('UNIQUE') ? 'UNIQUE INDEX' : 'INDEX', index.slice(index.indexOf('('))];
      await harness.client.query(`CREATE ${kind} probe ON feature_mart.f ${columns}`);
      const { apart, order } = await inspect(view);
      found.set(index, apart);
      assert.equal(order, apart === undefined ? full : 'f."at"');
      await harness.client.query('DROP INDEX feature_mart.probe');
    }
    assert.deepEqual([...found.values()], ['event', 'event', 'event', undefined, undefined, undefined, undefined]);
    await harness.client.query('ALTER TABLE feature_mart.f ALTER COLUMN created SET NOT NULL; CREATE UNIQUE INDEX probe ON feature_mart.f (a, b, at DESC, created)');
    assert.deepEqual(await inspect(view), { apart: 'event and created', order: 'f."at", f."created"' }, 'none is missing');
    const { createdTimestampColumn: _, ...unstamped } = source;
    assert.equal((await inspect({ ...view, source: unstamped })).apart, undefined, 'the view knows no created timestamp');
    await harness.client.query('DROP INDEX feature_mart.probe; CREATE UNIQUE INDEX probe ON feature_mart.f (a, b, at, created, x)');
    assert.equal((await inspect(view)).apart, undefined);
    await harness.client.query('DROP INDEX feature_mart.probe; ALTER TABLE feature_mart.f ALTER COLUMN created DROP NOT NULL');
  });

  it('is not that of time alone where a table with the index has heirs without it, unless they are its partitions', async () => {
    await harness.client.query('CREATE TABLE feature_mart.parent (a bigint, b text, at timestamptz, created timestamptz, x float8, n bigint, UNIQUE (a, b, at)); CREATE TABLE feature_mart.heir () INHERITS (feature_mart.parent)');
    await harness.client.query('CREATE TABLE feature_mart.parts (a bigint, b text, at timestamptz, created timestamptz, x float8, n bigint, UNIQUE (a, b, at)) PARTITION BY LIST (a); CREATE TABLE feature_mart.part PARTITION OF feature_mart.parts DEFAULT');
    assert.equal((await inspect({ ...view, source: { ...source, table: 'feature_mart.parent' } })).apart, undefined);
    assert.equal((await inspect({ ...view, source: { ...source, table: 'feature_mart.parts' } })).apart, 'event');
  });

  it('does not change what comes out: with the index and without, as known or not, of any age', async () => {
    // The times of an entity's rows differ, those of the entities do not. Some of those that are not read as known lie before any instant that the merge tells apart.
    await harness.client.query(`CREATE TABLE feature_mart.many AS SELECT (g % 5)::bigint AS a, (g % 3)::text AS b,
        CASE WHEN g < 300 THEN timestamptz '1500-01-01Z' ELSE timestamptz '2023-11-14Z' END + (g / 15) * interval '1 minute' AS at,
        CASE WHEN g % 9 > 0 THEN timestamptz '2023-11-14Z' + (g / 15 + (g * 7) % 11) * interval '1 minute' END AS created,
        (g * 31) % 17 / 3.0::float8 AS x, g::bigint AS n FROM generate_series(0, 2999) AS g ORDER BY md5(g::text)`);
    await harness.client.query(`CREATE TABLE spine_data.many AS SELECT row_number() OVER (ORDER BY event_timestamp, g) - 1 AS row_number, a, b, event_timestamp FROM (
        SELECT g, (g % 6)::bigint AS a, (g % 3)::text AS b, CASE WHEN g < 20 THEN timestamptz '1800-01-01Z' ELSE timestamptz '2023-11-14Z' + g * interval '17 seconds' END AS event_timestamp FROM generate_series(0, 900) AS g) AS rows`);
    await harness.client.query("CREATE TABLE feature_mart.modern AS SELECT a, b, at, created, x, n FROM feature_mart.many WHERE at > timestamptz '1900-01-01Z'");
    const kinds = [{ ...view, ttlSeconds: null }, { ...view, ttlSeconds: 300 }, { ...view, asKnown: true }, { ...view, ttlSeconds: 300, asKnown: true }].map((kind) => ({ ...kind, source: { ...source, table: kind.asKnown ? 'feature_mart.modern' : 'feature_mart.many' } }));
    const expected = [];
    for (const kind of kinds) expected.push(await join('warehouse', kind, 'spine_data.many'));
    for (const index of [false, true]) {
      if (index) await harness.client.query('CREATE UNIQUE INDEX ON feature_mart.many (a, b, at); CREATE UNIQUE INDEX ON feature_mart.modern (a, b, at)');
      for (const kind of kinds) assert.equal((await inspect(kind)).apart, index ? 'event' : undefined);
      for (const [i, kind] of kinds.entries()) assert.deepEqual(await join('snapshot', kind, 'spine_data.many'), expected[i], `index ${index}, kind ${i}`);
    }
    assert.ok(expected.every((rows) => rows.some((row) => row.at(-1) !== null)));
    assert.notDeepEqual(expected[2], expected[0]);
  });

  it('lets the later created timestamp decide where an index with it allows corrections', async () => {
    await harness.client.query(`CREATE TABLE feature_mart.corrected AS SELECT (g % 5)::bigint AS a, (g % 3)::text AS b, timestamptz '2023-11-14Z' + (g / 45) * interval '3 minutes' AS at,
        timestamptz '2023-11-14Z' + (g / 45 * 3 + (g * 7) % 11) * interval '1 minute' + g * interval '1 microsecond' AS created, (g * 31) % 17 / 3.0::float8 AS x, g::bigint AS n FROM generate_series(0, 1999) AS g ORDER BY md5(g::text)`);
    await harness.client.query(`CREATE TABLE spine_data.corrected AS SELECT g AS row_number, (g % 6)::bigint AS a, (g % 3)::text AS b, timestamptz '2023-11-14Z' + g * interval '17 seconds' AS event_timestamp FROM generate_series(0::bigint, 400) AS g`);
    const kinds = [null, 300].flatMap((ttlSeconds) => [true, false].map((asKnown) => ({ ...view, ttlSeconds, asKnown, source: { ...source, table: 'feature_mart.corrected' } })));
    const expected = await Promise.all(kinds.map((kind) => join('warehouse', kind, 'spine_data.corrected')));
    await harness.client.query('ALTER TABLE feature_mart.corrected ALTER COLUMN created SET NOT NULL; CREATE UNIQUE INDEX ON feature_mart.corrected (a, b, at DESC, created)');
    for (const [i, kind] of kinds.entries()) {
      assert.equal((await inspect(kind)).apart, 'event and created');
      assert.deepEqual(await join('snapshot', kind, 'spine_data.corrected'), expected[i], `kind ${i}`);
    }
    assert.ok(expected.every((rows) => rows.some((row) => row.at(-1) !== null)));
  });

  it('lets the features decide between two keys of time in one second, which no index on microseconds rules out', async () => {
    await harness.client.query("CREATE TABLE feature_mart.timed AS SELECT timestamptz '2023-01-01 00:00:00.1Z' + g * interval '100 milliseconds' AS t, timestamptz '2023-01-02Z' AS at, (5 - abs(g - 2))::bigint AS n FROM generate_series(0, 4) AS g");
    await harness.client.query('CREATE UNIQUE INDEX ON feature_mart.timed (t, at)');
    await harness.client.query("CREATE TABLE spine_data.timed AS SELECT 0::bigint AS row_number, 1672531200::bigint AS t, timestamptz '2023-01-03Z' AS event_timestamp");
    await harness.client.query("ALTER TABLE spine_data.timed ALTER t TYPE timestamptz USING to_timestamp(t)");
    const timed = viewOf({ name: 'timed', joinKeys: [{ name: 't', type: 'UnixTimestamp' }], features: [{ name: 'n', type: 'Int64' }], source: { name: 'timed', table: 'feature_mart.timed', timestampField: 'at' } });
    const schema = [{ name: 'event_timestamp', type: 'Timestamp' as const }];
    for (const strategy of ['warehouse', 'snapshot'] as const) {
      const joined = await harness.warehouse.historicalFeatures({ spine: { table: 'spine_data.timed', rowCount: 1, schema: [{ name: 't', type: 'Timestamp' }, ...schema], asOfMicros: START }, timestampColumn: 'event_timestamp', selection: { views: [timed], columns: [{ view: 'timed', feature: 'n', column: 'n' }] }, strategy });
      assert.equal((await collectRows(joined))[0]!.at(-1), 3n, strategy);
    }
  });
});
