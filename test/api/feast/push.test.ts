import assert from 'node:assert/strict';
import { PipelineError } from '../../../domain/errors.ts';
import { formatInstant, parseInstant } from '../../../domain/instant.ts';
import type { OnlineStore } from '../../../ports/online-store.ts';
import { until } from '../../support/worker-process.ts';
import { NOW, openFeastHarness, viewOf, type FeastHarness } from './harness.ts';

const at = (text: string): number => parseInstant(text)!;
const EVENT = '2026-11-02T10:00:00.123456Z';
const ROW = { user_id: ['9007199254740993'], clicks: [1], score: [0.1], rate: [0.1], nick: ['a\tb\\"\n\u00f1'], raw: ['AP8D'], active: [true], seen: [1_700_000_000], small: [7], event_timestamp: [EVENT] };
const push = (df: object, to?: string) => ({ push_source_name: 'user_push', df, ...(to === undefined ? {} : { to }) });

describe("Feast's route /push", () => {
  let api: FeastHarness;
  let isAway = false;
  before(async () => {
    const away = (store: OnlineStore): OnlineStore => ({ ...store, write: (view, batch) => (isAway ? Promise.reject(new PipelineError('UNAVAILABLE', 'Redis is away.')) : store.write(view, batch)) });
    api = await openFeastHarness({ onlineStore: (redis) => away(redis.connect(null)) });
  });
  after(() => api.close());
  beforeEach(async () => {
    isAway = false;
    await api.database.query('TRUNCATE feature_mart.user_stats, feature_mart.user_item, push_log.events, push_log.pending');
    await api.store.remove(viewOf('user_stats'));
    await api.store.remove(viewOf('user_item'));
  });

  const offline = async (): Promise<unknown[]> => (await api.database.query('SELECT * FROM feature_mart.user_stats ORDER BY user_id, event_timestamp, created_timestamp')).rows;
  const pending = async (): Promise<number> => (await api.database.query('SELECT * FROM push_log.pending')).rowCount ?? 0;
  const online = async (key: bigint) => (await api.store.read([{ view: viewOf('user_stats'), features: viewOf('user_stats').features.map(({ name }) => name), entityKeys: [[key]] }]))[0]![0]!;

  it('writes to both stores with one created timestamp, bit for bit the same values', async () => {
    const said = await api.post('/push', push(ROW, 'online_and_offline'));
    assert.deepEqual([said.status, said.text], [200, '']);
    const [row] = await offline() as Record<string, unknown>[];
    assert.deepEqual([row?.['user_id'], row?.['nick'], row?.['score'], row?.['small'], row?.['active']], ['9007199254740993', 'a\tb\\"\n\u00f1', 0.1, 7, true]);
    assert.deepEqual(row?.['raw'], Buffer.of(0, 255, 3));
    assert.deepEqual([row?.['seen'], row?.['created_timestamp']], [new Date(1_700_000_000_000), new Date(NOW / 1000)]);
    const { values, eventTimestampMicros } = await online(9007199254740993n);
    assert.deepEqual(values, [1n, 0.1, Math.fround(0.1), 'a\tb\\"\n\u00f1', Uint8Array.of(0, 255, 3), true, 1_700_000_000, 7]);
    assert.equal(eventTimestampMicros, at(EVENT));
    const { rows } = await api.database.query('SELECT event_timestamp::text AS event FROM feature_mart.user_stats');
    assert.equal(Date.parse(rows[0].event), Date.parse(EVENT));
  });

  it('takes an event once, however often it is sent again, with the created timestamp of the first time; a correction is another row, also back to what was said before', async () => {
    const send = async (clicks: number, at: number): Promise<void> => {
      api.now = NOW + at * 60_000_000;
      assert.equal((await api.post('/push', push({ ...ROW, clicks: [clicks] }, 'online_and_offline'))).status, 200);
      api.now = NOW;
    };
    const rows = async (): Promise<unknown[]> => ((await offline()) as { clicks: string; created_timestamp: Date }[]).map(({ clicks, created_timestamp: created }) => [clicks, (created.getTime() - NOW / 1000) / 60_000]);
    await send(1, 0);
    await send(1, 1);
    assert.deepEqual([await rows(), (await online(9007199254740993n)).values[0]], [[['1', 0]], 1n]);
    await send(2, 2);
    await send(2, 3);
    assert.deepEqual([await rows(), (await online(9007199254740993n)).values[0]], [[['1', 0], ['2', 2]], 2n]);
    await send(1, 4);
    await send(1, 5);
    assert.deepEqual([await rows(), (await online(9007199254740993n)).values[0]], [[['1', 0], ['2', 2], ['1', 4]], 1n]);
  });

  it('takes equal events that arrive together once', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => api.post('/push', push({ ...ROW, user_id: [1] }, 'online_and_offline'))));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
    assert.equal((await offline()).length, 1);
    await until(async () => (await pending()) === 0);
  });

  it('writes to the online store alone when asked to, or when nothing is said, and then knows no created timestamp', async () => {
    assert.equal((await api.post('/push', push(ROW))).status, 200);
    assert.equal((await offline()).length, 0);
    assert.equal((await online(9007199254740993n)).values[0], 1n);
    await api.post('/push', push({ ...ROW, clicks: [2] }));
    assert.equal((await online(9007199254740993n)).values[0], 1n, 'of equal event timestamps the first stays');
  });

  it('writes to the offline table alone when asked to', async () => {
    assert.equal((await api.post('/push', push(ROW, 'offline'))).status, 200);
    assert.equal((await offline()).length, 1);
    assert.equal((await online(9007199254740993n)).eventTimestampMicros, undefined);
  });

  it('keeps a created timestamp that the caller brings', async () => {
    await api.post('/push', push({ ...ROW, created_timestamp: ['2026-11-02T11:00:00+01:00'] }, 'online_and_offline'));
    assert.deepEqual(((await offline()) as { created_timestamp: Date }[]).map(({ created_timestamp: created }) => created.toISOString()), ['2026-11-02T10:00:00.000Z']);
  });

  it('says every problem by column and row, and writes nothing', async () => {
    const rows = 3;
    const df = { ...Object.fromEntries(Object.entries(ROW).map(([name, [value]]) => [name, Array.from({ length: rows }, () => value)])), clicks: [1, 1.5, 'x'], user_id: [1, null, 3], event_timestamp: [EVENT, 12345, '9999-12-31T00:00:00Z'], clickz: [1, 2, 3] };
    delete (df as Record<string, unknown>)['nick'];
    const { status, text } = await api.post('/push', push(df, 'online_and_offline'));
    assert.equal(status, 422);
    const { detail } = JSON.parse(text) as { detail: { loc: unknown[]; msg: string; type: string }[] };
    assert.deepEqual(detail.map(({ loc }) => loc.slice(2).join('.')).sort(), ['clicks.1', 'clicks.2', 'clickz', 'event_timestamp.1', 'event_timestamp.2', 'nick', 'user_id.1']);
    assert.ok(detail.every(({ type, msg, loc }) => type === 'value_error' && msg.startsWith('Value error, ') && loc[0] === 'body' && loc[1] === 'df'));
    assert.match(detail.find(({ loc }) => loc[2] === 'clickz')!.msg, /Did you mean "clicks"\?/);
    assert.equal((await offline()).length, 0);
    assert.equal((await online(1n)).eventTimestampMicros, undefined);
  });

  it('refuses by column and row, wherever it is to go, a time that no calendar of four digits has', async () => {
    const two = Object.fromEntries(Object.entries(ROW).map(([name, [value]]) => [name, [value, value]]));
    for (const to of ['online', 'offline', 'online_and_offline']) {
      for (const seen of [9_000_000_000_000_000, 253_402_300_800, -62_135_596_801, '0000-01-01T00:00:00Z']) {
        const { status, text } = await api.post('/push', push({ ...two, seen: [0, seen] }, to));
        assert.equal(status, 422, text);
        const { detail } = JSON.parse(text) as { detail: { loc: unknown[]; msg: string }[] };
        assert.deepEqual(detail.map(({ loc }) => loc), [['body', 'df', 'seen', 1]]);
        assert.match(detail[0]!.msg, /years 1 to 9999/);
      }
    }
    assert.equal((await online(9007199254740993n)).eventTimestampMicros, undefined);
    assert.equal((await api.post('/push', push({ ...ROW, seen: [253_402_300_799] }, 'online_and_offline'))).status, 200);
    assert.equal((await online(9007199254740993n)).values[6], 253_402_300_799);
  });

  it('refuses by column and row a text with U+0000 where it is to go into a table', async () => {
    const keys = { push_source_name: 'item_push', df: { user_id: [1, 1], item_id: ['x', 'x\0'], n: [1, 1], event_timestamp: [EVENT, EVENT] } };
    for (const body of [push({ ...ROW, nick: ['a\0b'] }, 'offline'), { ...keys, to: 'online_and_offline' }]) {
      const { status, text } = await api.post('/push', body);
      assert.equal(status, 422, text);
      const { detail } = JSON.parse(text) as { detail: { loc: unknown[]; msg: string }[] };
      assert.deepEqual(detail.map(({ loc }) => loc), [['body', 'df', ...('nick' in body.df ? ['nick', 0] : ['item_id', 1])]]);
      assert.match(detail[0]!.msg, /U\+0000/);
    }
    assert.equal((await api.post('/push', push({ ...ROW, nick: ['a\0b'] }))).status, 200, 'the online store takes it');
    assert.equal((await online(9007199254740993n)).values[3], 'a\0b');
  });

  it('refuses an unknown push source and an unknown way as Feast does', async () => {
    const source = await api.post('/push', { push_source_name: 'nope', df: {} });
    assert.deepEqual([source.status, source.text], [422, JSON.stringify('{"module": "feast.errors", "class": "PushSourceNotFoundException", "message": "Unable to find push source \'nope\'."}')]);
    const way = await api.post('/push', push(ROW, 'both'));
    assert.deepEqual([way.status, way.text], [500, `"both is not a supported push format. Please specify one of these ['online', 'offline', 'online_and_offline']."`]);
  });

  it('writes nothing anywhere when the table refuses a row, and records what came with it', async () => {
    const good = { push_source_name: 'item_push', df: { user_id: [1], item_id: ['x'], n: [1], event_timestamp: [EVENT] }, to: 'online_and_offline' };
    const bad = push({ ...ROW, user_id: [1], small: [40_000] }, 'online_and_offline'); // the column is an int2
    const [first, second] = await Promise.all([api.post('/push', good), api.post('/push', bad)]);
    assert.equal(first.status, 200, first.text);
    assert.equal(second.status, 422);
    assert.match(second.text, /FeastError.*feature_mart\.user_stats refuses the rows at row 0 \(the first is 0\), column small: PostgreSQL could not convert a value/);
    assert.doesNotMatch(second.text, /40000/);
    assert.equal((await offline()).length, 0);
    assert.equal((await online(1n)).eventTimestampMicros, undefined);
    assert.equal((await api.database.query('SELECT FROM feature_mart.user_item')).rowCount, 1);
  });

  it('says what to do where a unique index of the table leaves no room for a correction, writes nothing, and records what came with it', async () => {
    await api.database.query('CREATE UNIQUE INDEX one_each ON feature_mart.user_item (user_id, item_id, event_timestamp)');
    const item = (user: number, n: number) => ({ push_source_name: 'item_push', df: { user_id: [user], item_id: ['x'], n: [n], event_timestamp: [EVENT] }, to: 'online_and_offline' });
    assert.equal((await api.post('/push', item(1, 1))).status, 200);
    const [other, refused] = await Promise.all([api.post('/push', item(2, 1)), api.post('/push', item(1, 2))]);
    await api.database.query('DROP INDEX feature_mart.one_each');
    assert.equal(other.status, 200);
    assert.equal(refused.status, 409);
    const { module: where, class: name, message } = JSON.parse(JSON.parse(refused.text) as string) as Record<string, string>;
    assert.deepEqual([where, name], ['feast.errors', 'FeastError']);
    assert.match(message!, /feature_mart\.user_item .*one_each.*include the column of the created timestamp.*nothing was written/);
    assert.equal((await api.database.query('SELECT FROM feature_mart.user_item')).rowCount, 2);
    assert.equal((await api.store.read([{ view: viewOf('user_item'), features: ['n'], entityKeys: [[1n, 'x']] }]))[0]![0]!.values[0], 1n);
    await until(async () => (await pending()) === 0);
    assert.equal((await api.post('/push', item(1, 2))).status, 200, 'after the index has gone');
  });

  it('holds what has not happened yet until it has, and says so with 202', async () => {
    const [soon, later] = ['2026-11-02T12:00:05Z', '2026-11-02T15:00:00Z'];
    assert.equal((await api.post('/push', push({ ...ROW, event_timestamp: [soon] }, 'online_and_offline'))).status, 200, 'clocks differ by seconds');
    assert.equal((await online(9007199254740993n)).eventTimestampMicros, at(soon));
    assert.equal((await api.post('/push', push({ ...ROW, clicks: [9], event_timestamp: [later] }, 'online_and_offline'))).status, 202);
    assert.equal((await api.post('/push', push({ ...ROW, clicks: [9], event_timestamp: [later] }, 'online_and_offline'))).status, 202);
    assert.deepEqual([(await offline()).length, await pending()], [2, 1]);
    assert.equal((await online(9007199254740993n)).eventTimestampMicros, at(soon), 'what is true now is served');
    const { rows: [listed] } = await api.database.query<{ due: Date }>('SELECT due_at AS due FROM push_log.pending');
    assert.equal(listed!.due.getTime(), Date.parse(later));
    assert.equal((await api.post('/push', push({ ...ROW, user_id: [5], event_timestamp: [later] }, 'offline'))).status, 200);
    assert.equal(await pending(), 1);
  });

  it('refuses, for the online store alone, what has not happened yet, and says what to do', async () => {
    const df = { ...ROW, event_timestamp: ['2026-11-02T12:00:05.000001Z'] };
    const item = { user_id: [5], item_id: ['x'], n: [6], event_timestamp: ['2026-11-02T13:00:00Z'] };
    for (const said of [await api.post('/push', push(df)), await api.post('/push', push(df, 'online')), await api.post('/write-to-online-store', { feature_view_name: 'user_item', df: item })]) {
      assert.equal(said.status, 422);
      const { detail } = JSON.parse(said.text) as { detail: { loc: unknown[]; msg: string }[] };
      assert.deepEqual(detail.map(({ loc }) => loc), [['body', 'df', 'event_timestamp', 0]]);
      assert.match(detail[0]!.msg, /has not happened yet.*"online_and_offline"/);
    }
    assert.equal((await online(9007199254740993n)).eventTimestampMicros, undefined);
    assert.equal((await api.post('/push', push({ ...ROW, created_timestamp: ['2026-11-02T13:00:00Z'] }))).status, 200, 'a created timestamp is another thing');
  });

  it('names the column that vanished from the table, and writes nothing', async () => {
    await api.database.query('ALTER TABLE feature_mart.user_item RENAME COLUMN n TO m');
    const said = await api.post('/push', { push_source_name: 'item_push', df: { user_id: [1], item_id: ['x'], n: [1], event_timestamp: [EVENT] }, to: 'online_and_offline' });
    await api.database.query('ALTER TABLE feature_mart.user_item RENAME COLUMN m TO n');
    assert.equal(said.status, 500);
    assert.match(said.text, /feature_mart\.user_item has no column \\"n\\"/);
    assert.equal(await pending(), 0);
  });

  it('accepts with 202 what the online store cannot take now, and it is there afterwards', async () => {
    isAway = true;
    assert.equal((await api.post('/push', push(ROW, 'online_and_offline'))).status, 202);
    assert.equal((await offline()).length, 1);
    assert.equal(await pending(), 1);
    isAway = false;
    assert.equal((await online(9007199254740993n)).eventTimestampMicros, undefined);
    const { createPostgresPushLog } = await import('../../../adapters/postgres/push-log.ts');
    const { pushedBatch } = await import('../../../domain/features/pushed-rows.ts');
    const log = createPostgresPushLog({ connectionString: api.databaseUrl });
    assert.equal(await log.deliver(0, async (rows) => void (await api.store.write(rows.view, pushedBatch(rows)))), 1);
    assert.equal(await log.pendingRows(), 0);
    await log.close();
    assert.deepEqual((await online(9007199254740993n)).values, [1n, 0.1, Math.fround(0.1), 'a\tb\\"\n\u00f1', Uint8Array.of(0, 255, 3), true, 1_700_000_000, 7]);
  });

  it('answers 503 in the shape of Feast when rows for the online store alone cannot be written', async () => {
    isAway = true;
    const said = await api.post('/push', push(ROW));
    assert.deepEqual([said.status, said.headers.get('retry-after')], [503, '1']);
    assert.match(JSON.parse(JSON.parse(said.text)).message, /^The online store does not answer/);
  });

  it('writes rows of one view to the online store, as remote clients do', async () => {
    const df = { user_id: [5], item_id: ['x'], n: [6], event_timestamp: ['2026-11-01T00:00:00'], created: [null] };
    const said = await api.post('/write-to-online-store', { feature_view_name: 'user_item', df });
    assert.deepEqual([said.status, said.text], [200, 'null']);
    const [[row]] = (await api.store.read([{ view: viewOf('user_item'), features: ['n'], entityKeys: [[5n, 'x']] }])) as [[{ values: unknown[]; eventTimestampMicros: number }]];
    assert.deepEqual([row.values, formatInstant(row.eventTimestampMicros)], [[6n], '2026-11-01T00:00:00.000000Z']);
    assert.equal((await api.post('/write-to-online-store', { feature_view_name: 'nope', df })).status, 404);
  });
});

describe('A queue of pushes', () => {
  it('refuses with 429 what is beyond its length, and with 503 what is not recorded in time', async () => {
    const never = new Promise<never>(() => undefined);
    const api = await openFeastHarness({ pushLog: { record: () => never } as never, queue: { mostRows: 1, recordMs: 300 } });
    try {
      const first = api.post('/push', push(ROW, 'offline'));
      await new Promise((resolve) => setTimeout(resolve, 50));
      const second = await api.post('/push', push(ROW, 'offline'));
      assert.deepEqual([second.status, second.headers.get('retry-after')], [429, '1']);
      const { status, text } = await first;
      assert.deepEqual([status, JSON.parse(JSON.parse(text)).message], [503, 'The log of pushes does not answer; the same request may work later, and repeating it does no harm.']);
    } finally {
      await api.close();
    }
  });
});
