import assert from 'node:assert/strict';
import { PipelineError } from '../../../domain/errors.ts';
import type { NewestRowsRequest } from '../../../ports/warehouse.ts';
import { collectRows, column, viewOf } from '../../contracts/warehouse-harness.ts';
import { openPostgres, type PostgresHarness } from './harness.ts';

const [BEGINNING, LAST, END] = [0, 1_000_000, 2_000_000];
const KEYS = [{ name: 'id', type: 'Int64' }, { name: 'text', type: 'String' }, { name: 'raw', type: 'Bytes' }, { name: 'at_second', type: 'UnixTimestamp' }, { name: 'small', type: 'Int32' }] as const;

describe('the newest rows of PostgreSQL', () => {
  let harness: PostgresHarness;
  before(async () => { harness = await openPostgres(); });
  after(() => harness.close());

  describe('since an instant', () => {
    const view = viewOf({ name: 'v', joinKeys: [{ name: 'k', type: 'String' }], features: [{ name: 'n', type: 'Float64' }], source: { name: 'v', table: 'feature_mart.since', timestampField: 'at', createdTimestampColumn: 'made' } });
    const keys = async (extra: Partial<NewestRowsRequest>): Promise<string[]> =>
      (await collectRows(await harness.warehouse.newestRows({ view, startMicros: BEGINNING, endMicros: END, slice: { index: 0, count: 1 }, ...extra }))).map((row) => `${String(row[0])}${String(row[1])}`);

    before(() => harness.createTable('feature_mart.since', [column('k', 'String'), column('at', 'Timestamp'), column('made', 'Timestamp'), column('n', 'Float64')], [
      ['seen', LAST, LAST, 1], ['late', 5, LAST + 1, 2], ['was_future', LAST + 1, 5, 3], ['is_future', END + 1, 5, 4], ['made_later', 5, END + 1, 5], ['undated', LAST + 1, null, 6], ['undated_old', LAST, null, 7],
      ['both', LAST - 1, LAST - 1, 8], ['both', LAST - 2, LAST + 1, 9],
    ]));

    it('are those that a look at that instant could not see: created since, or of an event time that has come since', async () => {
      assert.deepEqual(await keys({ visibleAfterMicros: LAST }), ['both9', 'late2', 'undated6', 'was_future3']);
    });

    it('together with those before are those of the whole window', async () => {
      const whole = await keys({});
      assert.deepEqual(whole, ['both8', 'late2', 'seen1', 'undated6', 'undated_old7', 'was_future3']);
      const pieces = [...(await keys({ endMicros: LAST })), ...(await keys({ visibleAfterMicros: LAST }))];
      for (const row of whole) assert.ok(pieces.includes(row), row);
    });

    it('take rows as they are known at another instant than the end of the window', async () => {
      assert.deepEqual(await keys({ endMicros: 10 }), []);
      assert.deepEqual(await keys({ endMicros: 10, knownByMicros: END + 1 }), ['late2', 'made_later5']);
    });
  });

  it('fall into equal slices by join keys of every type', async () => {
    const [rows, count] = [2000, 4];
    await harness.createTable('feature_mart.sliced', [...KEYS.map(({ name, type }) => column(name, type)), column('at', 'Timestamp')],
      Array.from({ length: rows }, (_, n) => [BigInt(n) * -7n, `key ${n % 50}`, Uint8Array.of(n % 256, n >> 8), n * 60, n % 11, 1]));
    for (const keys of [...KEYS.map((key) => [key]), [...KEYS]]) {
      const view = viewOf({ name: 'v', joinKeys: keys, features: [], source: { name: 'v', table: 'feature_mart.sliced', timestampField: 'at' } });
      const read = async (index: number, of: number): Promise<string[]> => (await collectRows(await harness.warehouse.newestRows({ view, startMicros: 0, endMicros: END, slice: { index, count: of } }))).map(String);
      const slices = await Promise.all([0, 1, 2, 3].map((index) => read(index, count)));
      const whole = await read(0, 1);
      assert.deepEqual(slices.flat().sort(), whole.sort());
      if (whole.length === rows) for (const slice of slices) assert.ok(slice.length > rows / count / 1.5 && slice.length < (rows / count) * 1.5, `${keys.map(({ name }) => name).join()}: ${slices.map((s) => s.length).join(' ')}`);
    }
  });

  it('are one row of one slice for a view without entities', async () => {
    await harness.createTable('feature_mart.settings', [column('n', 'Float64'), column('at', 'Timestamp'), column('made', 'Timestamp')], [[1, 1, 1], [2, 3, 1], [3, 3, 2], [4, END + 1, 1]]);
    const view = viewOf({ name: 'v', joinKeys: [], features: [{ name: 'n', type: 'Float64' }], source: { name: 'v', table: 'feature_mart.settings', timestampField: 'at', createdTimestampColumn: 'made' } });
    const read = async (index: number, count: number): Promise<unknown[]> => (await collectRows(await harness.warehouse.newestRows({ view, startMicros: 0, endMicros: END, slice: { index, count } }))).map((row) => row[0]);
    assert.deepEqual(await read(0, 1), [3]);
    assert.deepEqual(await Promise.all([read(0, 2), read(1, 2)]), [[3], []]);
  });

  it('say which slices there are', async () => {
    const view = viewOf({ name: 'v', joinKeys: [{ name: 'id', type: 'Int64' }], features: [], source: { name: 'v', table: 'feature_mart.sliced', timestampField: 'at' } });
    await assert.rejects(harness.warehouse.newestRows({ view, startMicros: 0, endMicros: 1, slice: { index: -1, count: 2 } }), (error: unknown) => error instanceof PipelineError && error.code === 'INVALID_INPUT');
  });
});
