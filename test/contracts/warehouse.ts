import assert from 'node:assert/strict';
import { PipelineError } from '../../domain/errors.ts';
import type { ColumnSchema } from '../../domain/data/columns.ts';
import type { FeatureValue } from '../../domain/features/value-types.ts';
import { BEGINNING, EARLIEST, parseInstant } from '../../domain/instant.ts';
import type { NewestRowsRequest, WriteSpineRequest } from '../../ports/warehouse.ts';
import { describeJoinAgainstOracle } from './warehouse-join.ts';
import { collectRows, column, viewOf } from './warehouse-harness.ts';
import type { WarehouseHarness } from './warehouse-harness.ts';

const NOON = 1_700_000_000_000_000;
const DAY = 86_400_000_000;

/** An error with the code whose text matches all patterns. */
export function failure(code: string, ...patterns: RegExp[]) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof PipelineError, String(error));
    assert.equal(error.code, code, error.message);
    for (const pattern of patterns) assert.match(error.message, pattern);
    return true;
  };
}

/** What every warehouse promises. Queries of this suite are plain SQL that all of them understand. */
export function describeWarehouseContract(name: string, open: () => Promise<WarehouseHarness>): void {
  describe(`warehouse: ${name}`, () => {
    let harness: WarehouseHarness;
    before(async () => { harness = await open(); });
    after(() => harness.close());

    describeJoinAgainstOracle(() => harness);
    describeSpines(() => harness);
    describeNewestRows(() => harness);

    it('prepares itself again without harm', async () => {
      await harness.warehouse.prepare();
      await Promise.all([harness.warehouse.prepare(), harness.warehouse.prepare()]);
      assert.deepEqual(await harness.warehouse.missingSchemas(), []);
    });

    it('describes the columns of a table, and names the nearest table when there is none', async () => {
      await harness.createTable('feature_mart.planes', [column('tailnum', 'String'), column('seats', 'Int64'), column('built', 'Timestamp')], []);
      assert.deepEqual((await harness.warehouse.describeTable('feature_mart.planes')).map(({ name: column, type }) => [column, type]), [['tailnum', 'String'], ['seats', 'Int64'], ['built', 'Timestamp']]);
      assert.deepEqual((await harness.warehouse.describeQuery(harness.warehouse.wholeTable('feature_mart.planes'))).map(({ name: column, type }) => [column, type]), [['tailnum', 'String'], ['seats', 'Int64'], ['built', 'Timestamp']]);
      await assert.rejects(harness.warehouse.describeTable('feature_mart.plane'), failure('NOT_FOUND', /Did you mean "feature_mart.planes"/));
    });

    it('says everything that does not fit between selection, spine and tables at once', async () => {
      await harness.createTable('feature_mart.odd', [column('k', 'String'), column('at', 'Timestamp'), column('label', 'String')], []);
      await harness.createTable('spine_data.odd', [column('row_number', 'Int64'), column('k', 'Int64'), column('event_timestamp', 'Timestamp'), column('taken', 'Int64')], []);
      const view = viewOf({ name: 'odd', joinKeys: [{ name: 'k', type: 'String' }], features: [{ name: 'label', type: 'Float64' }, { name: 'missing', type: 'Float64' }], source: { name: 'odd', table: 'feature_mart.odd', timestampField: 'ad' } });
      await assert.rejects(harness.warehouse.historicalFeatures({
        spine: { table: 'spine_data.odd', rowCount: 0, schema: [column('k', 'Int64'), column('event_timestamp', 'Timestamp'), column('taken', 'Int64')], asOfMicros: NOON },
        timestampColumn: 'event_timestamp',
        selection: { views: [view], columns: [{ view: 'odd', feature: 'label', column: 'taken' }, { view: 'odd', feature: 'mising', column: 'x' }, { view: 'even', feature: 'label', column: 'y' }] },
      }), failure('INVALID_DEFINITION', /label: column "label" .* does not become Float64/, /no column "missing"/, /no column "ad"/, /"taken" is taken/, /Did you mean "missing"/, /no feature view "even"/));
    });
  });
}

function describeSpines(harness: () => WarehouseHarness): void {
  const request = (extra: Partial<WriteSpineRequest> & { sql?: string; values?: WriteSpineRequest['query']['values'] }): WriteSpineRequest => ({
    name: 'written', query: { sql: (extra.sql ?? 'SELECT * FROM raw_data.events').replace(/raw_data\.\w+/, (table) => harness().inSql(table)), values: extra.values ?? [] }, entityColumns: ['a', 'b'], timestampColumn: 'event_timestamp',
    asOfMicros: NOON, expiresAtMicros: NOON + DAY, ...extra,
  });
  const events = (): readonly ColumnSchema[] => [column('label', 'Float64'), column('b', 'Int64'), column('a', 'String'), column('event_timestamp', 'Timestamp'), column(harness().nature.oddColumn, 'Bool')];
  const rows: FeatureValue[][] = [
    [3, 1n, 'b', NOON, true], [1, 2n, 'B', NOON, null], [2, 1n, '\uFF21', NOON, false], [2, 1n, '\u{1F600}', NOON, false], [null, null, null, NOON, false],
    [9, 1n, 'z', NOON - 1, true], [5, 1n, 'b', NOON, false], [5, 1n, 'b', NOON, false], [0.1, 7n, 'a', NOON - DAY, true],
  ];
  const spineRows = async (name: string, rowCount = rows.length): Promise<FeatureValue[][]> => {
    const schema = events();
    return collectRows(await harness().warehouse.historicalFeatures({ spine: { table: `spine_data.${name}`, rowCount, schema, asOfMicros: NOON }, timestampColumn: 'event_timestamp', selection: { views: [], columns: [] } }));
  };

  describe('spines', () => {
    before(() => harness().createTable('raw_data.events', events(), rows));

    it('number their rows by event timestamp, join keys (by code point, missing last) and the remaining columns, duplicates kept', async () => {
      const ref = await harness().warehouse.writeSpine(request({}));
      assert.deepEqual([ref.table, ref.rowCount, ref.asOfMicros], ['spine_data.written', rows.length, NOON]);
      assert.deepEqual(ref.schema, events());
      assert.deepEqual(await spineRows('written'), [
        [0.1, 7n, 'a', NOON - DAY, true], [9, 1n, 'z', NOON - 1, true], [1, 2n, 'B', NOON, null], [3, 1n, 'b', NOON, true], [5, 1n, 'b', NOON, false], [5, 1n, 'b', NOON, false],
        [2, 1n, '\uFF21', NOON, false], [2, 1n, '\u{1F600}', NOON, false], [null, null, null, NOON, false],
      ]);
    });

    it('bind the values of the query', async () => {
      const ref = await harness().warehouse.writeSpine(request({ name: 'bound', sql: `SELECT * FROM raw_data.events WHERE a = ${harness().nature.parameter(1)} OR label > ${harness().nature.parameter(2)} -- a comment\n;`, values: ["z' OR 'x' = 'x", 4] }));
      assert.equal(ref.rowCount, 3);
    });

    it('are replaced when written again, and gone when dropped, once or twice', async () => {
      await harness().warehouse.writeSpine(request({ name: 'again' }));
      const ref = await harness().warehouse.writeSpine(request({ name: 'again', sql: 'SELECT * FROM raw_data.events WHERE label = 9' }));
      assert.equal((await spineRows('again', 1)).length, 1);
      await harness().warehouse.dropSpine(ref.table);
      await harness().warehouse.dropSpine(ref.table);
      await assert.rejects(spineRows('again'), failure('NOT_FOUND', /expire/));
    });

    it('are removed after they have expired, and not before', async () => {
      const { warehouse } = harness();
      const short = request({ name: 'short_lived' });
      await warehouse.writeSpine(short);
      await warehouse.dropExpiredSpines(short.expiresAtMicros);
      assert.ok((await spineRows('short_lived')).length > 0);
      const found = (await warehouse.expiredSpines(short.expiresAtMicros + 1)).find(({ table }) => table === 'spine_data.short_lived');
      assert.deepEqual([found?.expiredMicros, (found?.bytes ?? 0) > 0], [short.expiresAtMicros, true]);
      assert.ok((await warehouse.dropExpiredSpines(short.expiresAtMicros + 1)).includes('spine_data.short_lived'));
      await assert.rejects(spineRows('short_lived'), failure('NOT_FOUND', /expire/));
    });

    it('of one name written by many at once are each whole', async () => {
      await Promise.all(Array.from({ length: harness().nature.writersAtOnce }, () => harness().warehouse.writeSpine(request({ name: 'raced' }))));
      assert.equal((await spineRows('raced')).length, rows.length);
    });

    it('of no rows are spines', async () => {
      assert.equal((await harness().warehouse.writeSpine(request({ name: 'empty', sql: 'SELECT * FROM raw_data.events WHERE label = -1' }))).rowCount, 0);
    });

    it('refuse rows in the future or without time, with their number, and keep nothing', async () => {
      await assert.rejects(harness().warehouse.writeSpine(request({ name: 'future', asOfMicros: NOON - 1 })), failure('INVALID_DATA', /7 rows are later than the as-of instant 2023-11-14T22:13:19.999999Z/));
      await harness().createTable('raw_data.timeless', [column('a', 'String'), column('b', 'Int64'), column('event_timestamp', 'Timestamp')], [['x', 1n, null], ['y', 2n, null]]);
      await assert.rejects(harness().warehouse.writeSpine(request({ name: 'future', sql: 'SELECT * FROM raw_data.timeless' })), failure('INVALID_DATA', /2 rows have no event timestamp/));
      await assert.rejects(harness().warehouse.describeTable('spine_data.future'), failure('NOT_FOUND'));
    });

    it('refuse a query that lacks columns, gives one twice or takes the row number, all problems at once', async () => {
      const sql = 'SELECT label AS labl, a, a, event_timestamp AS event_time, b AS row_number FROM raw_data.events';
      await assert.rejects(harness().warehouse.writeSpine(request({ sql })), failure('INVALID_DATA', /no column "b"/, /no column "event_timestamp".*event_time/, /gives it twice/, /row number/));
      await assert.rejects(harness().warehouse.writeSpine(request({ sql: 'SELECT a, b, label AS event_timestamp FROM raw_data.events' })), failure('INVALID_DATA', /not a timestamp/));
    });

    it('refuse a query that cannot run, and a name that is none', async () => {
      await assert.rejects(harness().warehouse.writeSpine(request({ sql: 'SELECT nothing FROM raw_data.events' })), failure('INVALID_TEMPLATE', /nothing/));
      for (const name of ['', 'a.b', 'x; DROP TABLE y', 'a'.repeat(64)]) await assert.rejects(harness().warehouse.writeSpine(request({ name })), failure('INVALID_INPUT'));
      await assert.rejects(harness().warehouse.dropSpine('raw_data.events'), failure('INVALID_INPUT', /no spine/));
    });
  });
}

function describeNewestRows(harness: () => WarehouseHarness): void {
  const view = viewOf({
    name: 'stats', joinKeys: [{ name: 'a', type: 'String' }, { name: 'b', type: 'Int64' }], features: [{ name: 'mean', type: 'Float64' }, { name: 'n', type: 'Int64' }],
    source: { name: 'stats', table: 'feature_mart.stats', timestampField: 'at', createdTimestampColumn: 'made', fieldMapping: { n_rows: 'n' } },
  });
  const COLUMNS = [column('a', 'String'), column('b', 'Int64'), column('at', 'Timestamp'), column('made', 'Timestamp'), column('mean', 'Float64'), column('n_rows', 'Int64')];
  const read = async (extra: Partial<NewestRowsRequest> = {}): Promise<FeatureValue[][]> =>
    collectRows(await harness().warehouse.newestRows({ view, startMicros: NOON - DAY, endMicros: NOON, slice: { index: 0, count: 1 }, ...extra }));

  describe('the newest rows of a window', () => {
    before(() => harness().createTable('feature_mart.stats', COLUMNS, [
      ['x', 1n, NOON - DAY, NOON, 1, 1n], ['x', 1n, NOON, NOON - 5, 2, 2n], ['x', 1n, NOON, NOON - 4, 3, 3n], ['x', 1n, NOON, null, 4, 4n],
      ['edge', 1n, NOON - DAY, NOON - DAY, 5, 5n], ['old', 1n, NOON - DAY - 1, NOON, 6, 6n], ['future', 1n, NOON + 1, NOON, 7, 7n], ['unknown', 1n, NOON - 1, NOON + 1, 8, 8n],
      ['undated', 1n, NOON - 1, null, null, null], [null, 1n, NOON, NOON, 9, 9n], ['nokey', null, NOON, NOON, 9, 9n], ['1', 11n, NOON, NOON, 10, 10n], ['11', 1n, NOON, NOON, 11, 11n], ['timeless', 1n, null, NOON, 9, 9n],
    ]));

    it('are one per entity, both edges inside, what was created later left out, ordered by join keys', async () => {
      assert.deepEqual(await read(), [
        ['1', 11n, 10, 10n, NOON, NOON], ['11', 1n, 11, 11n, NOON, NOON], ['edge', 1n, 5, 5n, NOON - DAY, NOON - DAY], ['undated', 1n, null, null, NOON - 1, null], ['x', 1n, 3, 3n, NOON, NOON - 4],
      ]);
    });

    it('leave out rows that do not say when they were created, for a view that is read as known', async () => {
      assert.deepEqual((await read({ view: { ...view, asKnown: true } })).map(([key]) => key), ['1', '11', 'edge', 'x']);
    });

    it('have no created timestamp where the source has none', async () => {
      const { createdTimestampColumn: _, ...source } = view.source;
      assert.deepEqual((await read({ view: { ...view, source } })).map((row) => [row[0], row[5]]), [['1', null], ['11', null], ['edge', null], ['undated', null], ['unknown', null], ['x', null]]);
    });

    it('fall into disjoint slices that together are all of them', async () => {
      const slices = await Promise.all([0, 1, 2].map((index) => read({ slice: { index, count: 3 } })));
      assert.deepEqual(slices.flat().map(String).sort(), (await read()).map(String).sort());
      await assert.rejects(read({ slice: { index: 3, count: 3 } }), failure('INVALID_INPUT', /Slice 3 of 3/));
    });

    it('can be estimated in number', async () => {
      const estimate = await harness().warehouse.estimateRows({ view, startMicros: NOON - DAY, endMicros: NOON });
      assert.ok(Number.isFinite(estimate) && estimate >= 0);
    });

    it('take events from before 1700, which training takes too, and bring their timestamps to that year; what was created after all known time is left out', async () => {
      const { earliest: minus, latest } = harness().nature;
      const [begin, early, late] = [parseInstant('0001-01-03T00:00:00Z'), parseInstant('1600-01-01T00:00:00Z'), parseInstant('9999-12-30T00:00:00Z')];
      const old = { ...view.source, table: 'feature_mart.old' };
      await harness().createTable('feature_mart.old', COLUMNS, [
        ['begin', 1n, begin!, begin!, 1, 1n], ['minus', 1n, minus, null, 2, 2n], ['both', 1n, begin!, NOON, 3, 3n], ['both', 1n, early!, minus, 4, 4n], ['ordered', 1n, early!, begin!, 5, 5n], ['ordered', 1n, early!, early!, 6, 6n],
        ['late', 1n, early!, late!, 7, 7n], ['late', 1n, minus, early!, 8, 8n], ['never', 1n, NOON, latest, 9, 9n],
      ]);
      const rows = await read({ view: { ...view, source: old }, startMicros: BEGINNING });
      assert.deepEqual(rows, [['begin', 1n, 1, 1n, EARLIEST, EARLIEST], ['both', 1n, 4, 4n, EARLIEST, EARLIEST], ['late', 1n, 8, 8n, EARLIEST, EARLIEST], ['minus', 1n, 2, 2n, EARLIEST, null], ['ordered', 1n, 6, 6n, EARLIEST, EARLIEST]]);
      await harness().createTable('spine_data.old', [column('row_number', 'Int64'), column('a', 'String'), column('b', 'Int64'), column('event_timestamp', 'Timestamp')], rows.map(([a], i) => [BigInt(i), a!, 1n, NOON]));
      for (const strategy of harness().nature.strategies) {
        const joined = await harness().warehouse.historicalFeatures({
          strategy, spine: { table: 'spine_data.old', rowCount: rows.length, schema: [column('a', 'String'), column('b', 'Int64'), column('event_timestamp', 'Timestamp')], asOfMicros: NOON }, timestampColumn: 'event_timestamp',
          selection: { views: [{ ...view, source: old }], columns: [{ view: 'stats', feature: 'mean', column: 'mean' }] },
        });
        assert.deepEqual((await collectRows(joined)).map((row) => [row[0], row[3]]), rows.map(([a, , mean]) => [a, a === 'late' ? 7 : mean]), strategy); // a view that is not read as known has its row whenever it was made
      }
    });

    it('are all rows of the window where it starts before 1700, as far as it reaches', async () => {
      const source = { ...view.source, table: 'feature_mart.old' };
      assert.equal((await read({ view: { ...view, source }, startMicros: EARLIEST })).length, 0);
      assert.ok(Number.isFinite(await harness().warehouse.estimateRows({ view: { ...view, source }, startMicros: BEGINNING, endMicros: NOON })));
    });

    it('refuse a view that does not fit its table', async () => {
      await assert.rejects(read({ view: { ...view, features: [{ name: 'maen', type: 'Float64' }, { name: 'mean', type: 'Int64' }] } }), failure('INVALID_DEFINITION', /Did you mean "mean"/, /does not become Int64/));
    });
  });
}
