import assert from 'node:assert/strict';
import fc from 'fast-check';
import { PipelineError } from '../../domain/errors.ts';
import type { FeatureViewSnapshot } from '../../domain/features/snapshot.ts';
import type { FeatureValue } from '../../domain/features/value-types.ts';
import type { OnlineRow, OnlineStore } from '../../ports/online-store.ts';
import { testBatch, testView } from './online-rows.ts';
import type { OnlineTestRow } from './online-rows.ts';
import { assertAbout, defineUpkeepTests } from './online-store-upkeep.ts';

/** One empty store, and what a test needs beside the port. */
export interface OnlineStoreHarness {
  /** A new client of the same store, whose keys live so many seconds after a renewal. The harness closes it. */
  connect(keyTtlSeconds: number | null): OnlineStore;
  /** Seconds after which the store forgets the entity: null never, undefined where it has nothing. */
  secondsLeft(view: FeatureViewSnapshot, key: readonly FeatureValue[]): Promise<number | null | undefined>;
  close(): Promise<void>;
}

const NOW = Date.now() * 1000;
const HOUR = 3_600_000_000;
const ABSENT: OnlineRow = { eventTimestampMicros: undefined, values: [null] };

/** Instants whose encodings differ in length, sign and parts; the earliest and the latest that are exact. */
const INSTANTS = [-9e15, -HOUR, -1_000_001, -1_000_000, -1, 0, 1, 999_999, 1_000_000, 127_000_000, 128_000_000, 128_000_001, NOW - 1, NOW, 9e15];

/** What every online store has to do. `open` gives an empty one. */
export function describeOnlineStoreContract(name: string, open: () => Promise<OnlineStoreHarness>): void {
  describe(`${name} as an online store`, () => {
    let harness: OnlineStoreHarness;
    let store: OnlineStore;
    let views = 0;
    const counterView = (ttlSeconds: number | null = null): FeatureViewSnapshot => testView(`counters_${++views}`, [{ name: 'id', type: 'Int64' }], [{ name: 'n', type: 'Int64' }], ttlSeconds);
    const write = (view: FeatureViewSnapshot, ...rows: OnlineTestRow[]) => store.write(view, testBatch(view, rows));
    const readOne = async (view: FeatureViewSnapshot, key: readonly FeatureValue[]): Promise<OnlineRow | undefined> =>
      (await store.read([{ view, features: view.features.map((feature) => feature.name), entityKeys: [key] }]))[0]?.[0];

    before(async () => {
      harness = await open();
      store = harness.connect(3600);
    });
    after(() => harness.close());

    it('gives back every type exactly, and null where there was none', async () => {
      const features = (['Bytes', 'String', 'Int32', 'Int64', 'Float64', 'Float32', 'Bool', 'UnixTimestamp'] as const).map((type) => ({ name: `f_${type}`, type }));
      const view = testView('every_type', [{ name: 'id', type: 'Int64' }], features);
      const rows: FeatureValue[][] = [
        [Uint8Array.of(0, 255), 'Perú 🛫', -(2 ** 31), 2n ** 63n - 1n, 0.1, Math.fround(0.1), false, -1],
        [new Uint8Array(0), '', 0, 0n, -0, -0, true, 0],
        [Uint8Array.of(1), '\0', 2 ** 31 - 1, -(2n ** 63n), Number.NaN, Number.NaN, true, 1793534400],
        [Uint8Array.of(1), 'x'.repeat(100_000), 1, 9007199254740993n, -Infinity, Infinity, true, -62135596800],
        features.map(() => null),
      ];
      const event = (index: number): number => NOW + index;
      assert.deepEqual(await write(view, ...rows.map((values, index) => ({ key: [BigInt(index)], values, event: event(index) }))), { written: rows.length, skipped: 0 });
      const [answer] = await store.read([{ view, features: features.map((feature) => feature.name), entityKeys: rows.map((_, index) => [BigInt(index)]) }]);
      assert.deepEqual(answer, rows.map((values, index) => ({ eventTimestampMicros: event(index), values })));
    });

    it('tells the same by columns: values one by one in any order, and to a sink', async () => {
      const view = testView(`columns_${++views}`, [{ name: 'id', type: 'Int64' }], [{ name: 'n', type: 'Int64' }, { name: 'text', type: 'String' }, { name: 'share', type: 'Float64' }]);
      await write(view, { key: [1n], values: [5n, 'Perú', 0.5], event: NOW }, { key: [2n], values: [2n ** 63n - 1n, 'x'.repeat(500), null], event: NOW - 1 });
      const request = { view, features: ['share', 'text', 'n', 'text'], entityKeys: [[2n], [9n], [1n], [2n]] };
      const [columns] = await store.readColumns([request]);
      const [rows] = await store.read([request]);
      assert.deepEqual([...columns!.eventTimestamps], rows!.map(({ eventTimestampMicros }) => eventTimestampMicros ?? Number.NaN));
      const told: FeatureValue[] = [];
      const sink = { value: (value: FeatureValue) => void told.push(value), float: (value: number) => void told.push(value), int64: (value: number) => void told.push(BigInt(value)), text: (bytes: Buffer, start: number, end: number) => void told.push(bytes.toString('utf8', start, end)) };
      for (const feature of [3, 0, 2, 1]) for (const row of [3, 1, 0, 2]) columns!.tell(row, feature, sink);
      assert.deepEqual(told, [3, 0, 2, 1].flatMap((feature) => [3, 1, 0, 2].map((row) => rows![row]!.values[feature])));
      assert.deepEqual(told.slice(0, 4), ['x'.repeat(500), null, 'x'.repeat(500), 'Perú']);
      assert.equal(columns!.value(2, 2), 5n);
      assert.deepEqual(await store.readColumns([]), []);
    });

    it('answers for entities that it does not know: no event timestamp, all null', async () => {
      const view = counterView();
      assert.deepEqual(await readOne(view, [-1n]), ABSENT);
    });

    it('keeps entities apart by all parts of a composite key, whatever the text in it', async () => {
      const view = testView('composite', [{ name: 'z', type: 'String' }, { name: 'a', type: 'Int32' }, { name: 'b', type: 'Bytes' }, { name: 't', type: 'UnixTimestamp' }], [{ name: 'n', type: 'Int64' }]);
      const keys: FeatureValue[][] = [['ñ', 1, Uint8Array.of(1), 5], ['ñ', 1, Uint8Array.of(1), 6], ['', 1, new Uint8Array(0), -5], ['机🛫', -1, Uint8Array.of(0), 0], ['1', 11, Uint8Array.of(2), 1], ['11', 1, Uint8Array.of(2), 1]];
      await write(view, ...keys.map((key, index) => ({ key, values: [BigInt(index)], event: NOW })));
      const [answer] = await store.read([{ view, features: ['n'], entityKeys: keys }]);
      assert.deepEqual(answer?.map((row) => row.values[0]), keys.map((_, index) => BigInt(index)));
    });

    it('gives any number of features of wide views that share a key, and the same values whether few, many or all are asked for', async () => {
      const wide = ['one', 'two'].map((name) => testView(`wide_${name}`, [{ name: 'wide_id', type: 'Int64' }], Array.from({ length: 150 }, (_, index) => ({ name: `f${index}`, type: 'Int32' as const }))));
      const valueOf = (view: number, id: bigint, index: number): number | null => (index % 7 === 0 ? null : view * 100_000 + Number(id) * 1000 + index);
      const ids = [1n, 2n, 3n];
      for (const [at, view] of wide.entries()) await write(view, ...ids.map((id) => ({ key: [id], values: view.features.map((_, index) => valueOf(at, id, index)), event: NOW })));
      for (let round = 0; round < 2; round++) {
        for (const count of [1, 50, 80, 150]) {
          const features = wide[0]!.features.slice(150 - count).map(({ name }) => name);
          const answer = await store.read(wide.map((view) => ({ view, features, entityKeys: [...ids, [9n]].flat().map((id) => [id]) })));
          answer.forEach((rows, at) => {
            assert.deepEqual(rows.slice(0, 3).map((row) => row.values), ids.map((id) => features.map((_, index) => valueOf(at, id, 150 - count + index))));
            assert.deepEqual(rows[3], { eventTimestampMicros: undefined, values: features.map(() => null) });
          });
        }
      }
    });

    it('lets a view without entities have one row', async () => {
      const view = testView('global', [], [{ name: 'n', type: 'Int64' }]);
      await write(view, { key: [], values: [777n], event: NOW });
      assert.deepEqual(await readOne(view, []), { eventTimestampMicros: NOW, values: [777n] });
    });

    it('keeps views that share an entity key apart, and answers for all of them in order', async () => {
      const [one, other] = [counterView(), counterView()];
      await write(one, { key: [1n], values: [10n], event: NOW }, { key: [2n], values: [20n], event: NOW });
      await write(other, { key: [1n], values: [11n], event: NOW - 5 });
      const answer = await store.read([
        { view: other, features: ['n'], entityKeys: [[2n], [1n]] },
        { view: one, features: ['n', 'n'], entityKeys: [[1n]] },
        { view: one, features: [], entityKeys: [[2n]] },
        { view: one, features: ['n'], entityKeys: [] },
      ]);
      assert.deepEqual(answer, [[ABSENT, { eventTimestampMicros: NOW - 5, values: [11n] }], [{ eventTimestampMicros: NOW, values: [10n, 10n] }], [{ eventTimestampMicros: NOW, values: [] }], []]);
      assert.deepEqual(await store.read([]), []);
    });

    it('holds the later of any two event timestamps, whichever comes first', async () => {
      const instant = fc.oneof(fc.constantFrom(...INSTANTS), fc.integer({ min: -9e15, max: 9e15 }));
      const pair = fc.oneof(fc.tuple(instant, instant), fc.tuple(instant, fc.integer({ min: -2, max: 2 })).map(([at, apart]) => [at, at + apart] as [number, number]));
      await fc.assert(
        fc.asyncProperty(fc.array(pair, { minLength: 50, maxLength: 200 }), async (pairs) => {
          const view = counterView();
          const rows = (index: 0 | 1) => pairs.map((both, id) => ({ key: [BigInt(id)], values: [BigInt(index)], event: both[index] }));
          await write(view, ...rows(0));
          const { written } = await write(view, ...rows(1));
          const [answer] = await store.read([{ view, features: ['n'], entityKeys: pairs.map((_, id) => [BigInt(id)]) }]);
          assert.deepEqual(answer, pairs.map(([first, second]) => ({ eventTimestampMicros: Math.max(first, second), values: [second > first ? 1n : 0n] })));
          assert.equal(written, pairs.filter(([first, second]) => second > first).length);
        }),
        { numRuns: 15 },
      );
    });

    it('prefers, of equal event timestamps, the greater created timestamp, and a known one to an unknown one', async () => {
      const view = counterView();
      const steps: [created: number | null, value: bigint, written: number][] = [[null, 1n, 1], [null, 2n, 0], [-5, 3n, 1], [null, 4n, 0], [-5, 5n, 0], [-6, 6n, 0], [NOW, 7n, 1], [NOW - 1, 8n, 0], [NOW + 1, 9n, 1]];
      for (const [created, value, written] of steps) assert.deepEqual(await write(view, { key: [1n], values: [value], event: -7, created }), { written, skipped: 1 - written }, `value ${value}`);
      assert.deepEqual((await readOne(view, [1n]))?.values, [9n]);
    });

    it('does not weigh the created timestamp of an older row against that of a newer one', async () => {
      const view = counterView();
      await write(view, { key: [1n], values: [1n], event: 1, created: 100 });
      await write(view, { key: [1n], values: [2n], event: 2 });
      assert.equal((await write(view, { key: [1n], values: [3n], event: 2, created: 50 })).written, 1);
    });

    it('applies the same rule within a batch', async () => {
      const view = counterView();
      assert.deepEqual(await write(view, { key: [1n], values: [1n], event: 5 }, { key: [1n], values: [2n], event: 9 }, { key: [1n], values: [3n], event: 7 }), { written: 2, skipped: 1 });
      assert.deepEqual(await readOne(view, [1n]), { eventTimestampMicros: 9, values: [2n] });
    });

    it('ends with the newest rows however the writes of two clients interleave', async () => {
      const clients = [store, harness.connect(3600)] as const;
      const rank = (created: number | null): number => created ?? -Infinity;
      const row = fc.record({ id: fc.nat({ max: 4 }), event: fc.constantFrom(-1_000_000, 0, 5, 2_000_000), created: fc.constantFrom(null, 1, 2_000_000), client: fc.constantFrom(0, 1) as fc.Arbitrary<0 | 1> });
      await fc.assert(
        fc.asyncProperty(fc.array(fc.array(row, { minLength: 1, maxLength: 8 }), { maxLength: 20 }), async (batches) => {
          const view = counterView();
          // A row is known by its timestamps: equal ones carry equal values.
          const value = (event: number, created: number | null): bigint => BigInt(event) * 10n + BigInt(created ?? -1);
          await Promise.all(batches.map((rows) => clients[rows[0]?.client ?? 0].write(view, testBatch(view, rows.map(({ id, event, created }) => ({ key: [BigInt(id)], values: [value(event, created)], event, created }))))));
          for (let id = 0; id <= 4; id++) {
            const [newest] = batches.flat().filter((candidate) => candidate.id === id).sort((a, b) => b.event - a.event || (rank(a.created) === rank(b.created) ? 0 : rank(b.created) - rank(a.created)));
            assert.deepEqual(await readOne(view, [BigInt(id)]), newest === undefined ? ABSENT : { eventTimestampMicros: newest.event, values: [value(newest.event, newest.created)] });
          }
        }),
        { numRuns: 30 },
      );
    });

    it('fills a feature that the view got since, in rows of unchanged times, and changes nothing when they come again', async () => {
      const { name, joinKeys, features } = counterView();
      const first = testView(name, joinKeys, features);
      const wider = testView(name, joinKeys, [...features, { name: 'm', type: 'String' }]);
      const rows = [null, NOW].map((created, id) => ({ key: [BigInt(id)], values: [1n], event: NOW, created }));
      const widerRows = rows.map((row) => ({ ...row, values: [1n, 'new'] }));
      const both = async (view: FeatureViewSnapshot) => Promise.all(rows.map(async ({ key }) => (await readOne(view, key))?.values));
      await write(first, ...rows);
      assert.deepEqual(await both(wider), [[1n, null], [1n, null]]);
      assert.deepEqual(await write(wider, ...widerRows.map((row) => ({ ...row, event: NOW - 1 }))), { written: 0, skipped: 2 });
      assert.deepEqual(await write(wider, { ...widerRows[1]!, created: NOW - 1 }), { written: 0, skipped: 1 }, 'not by a row that was known earlier');
      assert.deepEqual(await write(wider, ...widerRows), { written: 2, skipped: 0 });
      assert.deepEqual(await both(wider), [[1n, 'new'], [1n, 'new']]);
      assert.deepEqual(await write(wider, ...widerRows.map((row) => ({ ...row, values: [2n, 'other'] }))), { written: 0, skipped: 2 });
      const turned = { ...wider, features: [...wider.features].reverse() };
      assert.deepEqual(await write(turned, ...widerRows.map((row) => ({ ...row, values: ['other', 2n] }))), { written: 0, skipped: 2 }, 'the order of the features is no difference');
      assert.deepEqual(await both(wider), [[1n, 'new'], [1n, 'new']]);
    });

    it('writes over what a feature left behind that was removed and added again, of another type or with older values', async () => {
      const { name, joinKeys, features } = counterView();
      const without = testView(name, joinKeys, features);
      const before = testView(name, joinKeys, [...features, { name: 'again', type: 'Int64' }]);
      const after = testView(name, joinKeys, [...features, { name: 'again', type: 'String' }]);
      await write(before, { key: [1n], values: [1n, 1n], event: NOW }, { key: [2n], values: [1n, 1n], event: NOW }, { key: [3n], values: [1n, 1n], event: NOW });
      await write(without, { key: [2n], values: [2n], event: NOW + 1 });
      await write(after, { key: [1n], values: [1n, 'text'], event: NOW }, { key: [2n], values: [2n, 'text'], event: NOW + 1 }, { key: [3n], values: [1n, null], event: NOW });
      assert.deepEqual(await Promise.all([1n, 2n, 3n].map(async (id) => (await readOne(after, [id]))?.values)), [[1n, 'text'], [2n, 'text'], [1n, null]]);
    });

    it('changes nothing when a batch is written again', async () => {
      const view = counterView();
      const rows = Array.from({ length: 500 }, (_, id) => ({ key: [BigInt(id)], values: [id % 7 === 0 ? null : BigInt(id)], event: NOW - id, created: id % 3 === 0 ? null : NOW }));
      const read = () => store.read([{ view, features: ['n'], entityKeys: rows.map((row) => row.key) }]);
      assert.deepEqual(await write(view, ...rows), { written: 500, skipped: 0 });
      const before = await read();
      assert.deepEqual(await write(view, ...rows), { written: 0, skipped: 500 });
      assert.deepEqual(await read(), before);
      assert.deepEqual(await write(view), { written: 0, skipped: 0 });
    });

    it('renews the lifetime of an entity whose value has not changed but is still within its ttl, and never shortens it', async () => {
      const view = counterView(7200);
      const row = { key: [1_000_001n], values: [1_000_001n], event: NOW - HOUR };
      const batch = testBatch(view, [row]);
      const lifetimeAfter = async (keyTtlSeconds: number | null): Promise<number | null | undefined> => {
        await harness.connect(keyTtlSeconds).write(view, batch);
        return harness.secondsLeft(view, [1_000_001n]);
      };
      assert.equal(await harness.secondsLeft(view, [1_000_001n]), undefined);
      assertAbout(await lifetimeAfter(100), 100);
      assertAbout(await lifetimeAfter(1000), 1000);
      assertAbout(await lifetimeAfter(100), 1000);
      assert.equal(await lifetimeAfter(null), null);
      assert.equal(await lifetimeAfter(100), null);
    });

    it('does not renew the lifetime for a value that is older than its ttl, but gives a new entity one', async () => {
      const old = counterView(60);
      const batch = testBatch(old, [{ key: [1_000_002n], values: [1n], event: NOW - HOUR }]);
      await harness.connect(100).write(old, batch);
      assertAbout(await harness.secondsLeft(old, [1_000_002n]), 100);
      await harness.connect(1000).write(old, batch);
      assertAbout(await harness.secondsLeft(old, [1_000_002n]), 100);
    });

    it('keeps an entity as long as the view that lives longest', async () => {
      const [fresh, old] = [counterView(7200), counterView(60)];
      await harness.connect(1000).write(fresh, testBatch(fresh, [{ key: [1_000_003n], values: [1n], event: NOW }]));
      await harness.connect(100).write(old, testBatch(old, [{ key: [1_000_003n], values: [1n], event: NOW - HOUR }]));
      assertAbout(await harness.secondsLeft(fresh, [1_000_003n]), 1000);
    });

    defineUpkeepTests({ harness: () => harness, store: () => store, counterView, write, readOne });

    it('refuses rows that do not fit the view, with every problem, and writes none of them', async () => {
      const view = counterView();
      const whole = testBatch(view, [{ key: [1n], values: [1n], event: NOW }]);
      const wrong = { rowCount: 1, columns: [{ name: 'id', type: 'Int64', values: BigInt64Array.of(0n), nulls: Uint8Array.of(1) }, { name: 'n', type: 'Float64', values: Float64Array.of(1), nulls: null }, ...whole.columns.slice(3)] } as const;
      await assert.rejects(store.write(view, wrong), (error: unknown) => error instanceof PipelineError && error.code === 'INVALID_DATA' && error.problems.length === 3);
    });

    it('refuses values that were stored with another type than the view now says, and features that the view does not have', async () => {
      const view = counterView();
      await write(view, { key: [1n], values: [1n], event: NOW });
      const changed = { ...view, features: [{ name: 'n', type: 'Float64' as const }] };
      await assert.rejects(readOne(changed, [1n]), (error: unknown) => error instanceof PipelineError && error.code === 'INVALID_DATA' && error.message.includes(`${view.name}:n`));
      await assert.rejects(store.read([{ view, features: ['m'], entityKeys: [[1n]] }]), (error: unknown) => error instanceof PipelineError && error.code === 'NOT_FOUND');
    });

    it('answers a ping', () => store.ping());
  });
}
