import assert from 'node:assert/strict';
import type { FeatureViewSnapshot } from '../../domain/features/snapshot.ts';
import type { FeatureValue } from '../../domain/features/value-types.ts';
import type { OnlineRow, OnlineStore, OnlineWriteResult } from '../../ports/online-store.ts';
import { testBatch, testView } from './online-rows.ts';
import type { OnlineTestRow } from './online-rows.ts';
import type { OnlineStoreHarness } from './online-store.contract.ts';

const NOW = Date.now() * 1000;
const HOUR = 3_600_000_000;

/** What the tests of the contract share. */
interface Shared {
  harness(): OnlineStoreHarness;
  store(): OnlineStore;
  counterView(ttlSeconds?: number | null): FeatureViewSnapshot;
  write(view: FeatureViewSnapshot, ...rows: OnlineTestRow[]): Promise<OnlineWriteResult>;
  readOne(view: FeatureViewSnapshot, key: readonly FeatureValue[]): Promise<OnlineRow | undefined>;
}

/** The part of the contract about what is done to all rows of a view: renewing, listing and removing them. */
export function defineUpkeepTests({ harness, store, counterView, write, readOne }: Shared): void {
  const listed = async (view: FeatureViewSnapshot): Promise<(readonly FeatureValue[])[]> => {
    const keys: (readonly FeatureValue[])[] = [];
    for await (const batch of store().entities(view, 2)) keys.push(...batch);
    return keys;
  };
  const sorted = (keys: readonly (readonly FeatureValue[])[]) => [...keys].sort((a, b) => (String(a) < String(b) ? -1 : 1));

  it('renews the lifetime of every entity whose value is within the ttl at the instant, the edge inside, and of no other', async () => {
    const view = counterView(60);
    const second = 1_000_000;
    const rows = [NOW, NOW - 60 * second, NOW - 60 * second - 1, NOW - HOUR].map((event, id) => ({ key: [2_000_000n + BigInt(id)], values: [1n], event }));
    await harness().connect(100).write(view, testBatch(view, rows));
    const lifetimes = () => Promise.all(rows.map((row) => harness().secondsLeft(view, row.key)));
    assert.deepEqual(await harness().connect(1000).renew(view, NOW), { renewed: 2 });
    const about = (expected: readonly number[], actual: readonly (number | null | undefined)[]): void => expected.forEach((seconds, index) => assertAbout(actual[index], seconds));
    about([1000, 1000, 100, 100], await lifetimes());
    for (const enough of [500, 1000, 1100]) assert.deepEqual(await harness().connect(enough).renew(view, NOW), { renewed: 0 }, 'nine tenths of it are left');
    about([1000, 1000, 100, 100], await lifetimes());
    assert.deepEqual(await harness().connect(1200).renew(view, NOW), { renewed: 2 });
    about([1200, 1200, 100, 100], await lifetimes());
    assert.deepEqual(await harness().connect(null).renew(view, NOW), { renewed: 2 });
    assert.deepEqual((await lifetimes()).slice(0, 2), [null, null]);
    assert.deepEqual(await harness().connect(1000).renew(counterView(), NOW), { renewed: 0 });
  });

  it('looks at nothing where all rows were written within the last tenth of the lifetime', async () => {
    const view = counterView();
    await harness().connect(100).write(view, testBatch(view, [{ key: [2_000_200n], values: [1n], event: NOW }]));
    assert.deepEqual(await harness().connect(1000).renew(view, NOW, NOW - 99_000_000), { renewed: 0 });
    assert.deepEqual(await harness().connect(1000).renew(view, NOW, NOW - 101_000_000), { renewed: 1 });
  });

  it('renews the lifetime of every entity of a view without ttl', async () => {
    const view = counterView();
    await harness().connect(100).write(view, testBatch(view, [{ key: [2_000_100n], values: [null], event: -HOUR }]));
    assert.deepEqual(await harness().connect(1000).renew(view, NOW), { renewed: 1 });
    assertAbout(await harness().secondsLeft(view, [2_000_100n]), 1000);
  });

  it('lists the entities that have a row of the view, each with its key values in the order of the join keys', async () => {
    const view = testView('listed', [{ name: 'z', type: 'String' }, { name: 'a', type: 'Int64' }, { name: 'b', type: 'Bytes' }, { name: 't', type: 'UnixTimestamp' }, { name: 'i', type: 'Int32' }], [{ name: 'n', type: 'Int64' }]);
    const other = { ...view, name: 'listed_too' };
    const keys: FeatureValue[][] = [['*?[a-z]\\^%:,', -1n, Uint8Array.of(0, 255), -5, -1], ['', 2n ** 62n, new Uint8Array(0), 0, 0], ['机🛫', 0n, Uint8Array.of(58), 1, 7]];
    await write(view, ...keys.slice(0, 2).map((key) => ({ key, values: [1n], event: NOW })));
    await write(other, ...keys.slice(1).map((key) => ({ key, values: [1n], event: NOW })));
    assert.deepEqual(sorted(await listed(view)), sorted(keys.slice(0, 2)));
    assert.deepEqual(sorted(await listed(other)), sorted(keys.slice(1)));
    const global = testView('listed_global', [], [{ name: 'n', type: 'Int64' }]);
    assert.deepEqual(await listed(global), []);
    await write(global, { key: [], values: [1n], event: NOW });
    assert.deepEqual(await listed(global), [[]]);
  });

  it('lists many entities in batches of the wanted size', async () => {
    const view = testView('many', [{ name: 'many_id', type: 'Int64' }], [{ name: 'n', type: 'Int64' }]);
    const ids = Array.from({ length: 3000 }, (_, id) => BigInt(id));
    await write(view, ...ids.map((id) => ({ key: [id], values: [id], event: NOW })));
    const seen = new Set<FeatureValue | undefined>();
    for await (const batch of store().entities(view, 128)) {
      assert.ok(batch.length >= 1 && batch.length <= 128);
      for (const key of batch) seen.add(key[0]);
    }
    assert.deepEqual([...seen].sort(), [...ids].sort());
  });

  it('removes the rows of the given entities, or of all, and leaves other views alone', async () => {
    const [view, other] = [counterView(), counterView()];
    const rows = [1n, 2n, 3n].map((id) => ({ key: [3_000_000n + id], values: [id], event: NOW, created: NOW }));
    await write(view, ...rows);
    await write(other, ...rows.slice(0, 2));
    const left = async (of: FeatureViewSnapshot) => Promise.all(rows.map(async ({ key }) => (await readOne(of, key))?.values[0]));
    assert.deepEqual(await store().remove(view, [[3_000_001n], [3_000_009n]]), { removed: 1 });
    assert.deepEqual(await left(view), [null, 2n, 3n]);
    assert.deepEqual(await store().remove(view), { removed: 2 });
    assert.deepEqual(await left(view), [null, null, null]);
    assert.deepEqual(await left(other), [1n, 2n, null]);
    assert.equal(await harness().secondsLeft(view, [3_000_003n]), undefined);
    assert.deepEqual(await store().remove(view), { removed: 0 });
    assert.deepEqual(await store().remove(view, []), { removed: 0 });
    assert.equal((await write(view, { ...rows[0]!, event: NOW - HOUR })).written, 1, 'nothing is remembered of a removed row');
  });

  it('tells which row an entity has: its created timestamp where it is known, and whether another has been written since', async () => {
    const view = counterView();
    const row = { key: [3_100_000n], values: [1n], event: NOW };
    const version = async () => (await store().versions(view, [row.key, [3_100_001n]]));
    assert.deepEqual(await version(), [undefined, undefined]);
    const seen = new Set<string>();
    for (const [change, created] of [[{}, null], [{ created: NOW - 5 }, NOW - 5], [{ created: NOW }, NOW], [{ event: NOW + 1 }, null], [{ event: NOW + 2, created: -7 }, -7]] as const) {
      assert.equal((await write(view, { ...row, ...change })).written, 1);
      const [found, other] = await version();
      assert.deepEqual([found?.createdTimestampMicros, other], [created, undefined]);
      assert.deepEqual(await version(), [found, undefined], 'the same as long as nobody writes');
      seen.add(Buffer.from(found!.token).toString('hex'));
    }
    assert.equal(seen.size, 5);
    const wider = { ...view, features: [...view.features, { name: 'm', type: 'String' as const }] };
    await write(wider, { ...row, values: [1n, 'x'], event: NOW + 2, created: -7 });
    seen.add(Buffer.from((await version())[0]!.token).toString('hex'));
    assert.equal(seen.size, 6, 'equal times, written by another definition');
  });

  it('removes, of the rows that it is told, those that nobody has replaced since', async () => {
    const view = counterView();
    const rows = Array.from({ length: 6 }, (_, id) => ({ key: [3_200_000n + BigInt(id)], values: [1n], event: NOW, created: NOW }));
    const [kept, ...targets] = rows as [(typeof rows)[number], ...typeof rows];
    await write(view, ...rows);
    const versions = (await store().versions(view, targets.map(({ key }) => key))).map((version) => version!);
    await write(view, { ...rows[1]!, event: NOW + 1 }, { ...rows[2]!, values: [2n], created: NOW + 1 });
    await store().remove(view, [rows[3]!.key]);
    assert.deepEqual(await store().remove(view, targets.map(({ key }) => key), versions), { removed: 2 });
    const left = await Promise.all(rows.map(async ({ key }) => (await readOne(view, key))?.values[0]));
    assert.deepEqual(left, [1n, 1n, 2n, null, null, null]);
    assert.equal((await readOne(view, kept.key))?.eventTimestampMicros, NOW);
    assert.deepEqual(await store().remove(view, targets.map(({ key }) => key), versions), { removed: 0 });
  });

  it('never removes a newer row than the one that it was told, however writers and removers interleave', async () => {
    const view = counterView();
    const keys = Array.from({ length: 30 }, (_, id) => [3_300_000n + BigInt(id)]);
    const at = (event: number) => testBatch(view, keys.map((key) => ({ key, values: [BigInt(event)], event: NOW + event, created: NOW })));
    for (let round = 0; round < 15; round++) {
      await store().write(view, at(2 * round));
      const versions = (await store().versions(view, keys)).map((version) => version!);
      await Promise.all([harness().connect(3600).write(view, at(2 * round + 1)), store().remove(view, keys, versions)]);
      const [found] = await store().read([{ view, features: ['n'], entityKeys: keys }]);
      assert.deepEqual(found, keys.map(() => ({ eventTimestampMicros: NOW + 2 * round + 1, values: [BigInt(2 * round + 1)] })));
    }
  });

  it('keeps a row whole that is written while its view is removed', async () => {
    const view = testView('raced', [{ name: 'id', type: 'Int64' }], [{ name: 'a', type: 'Int64' }, { name: 'b', type: 'Int64' }]);
    const keys = Array.from({ length: 20 }, (_, id) => [BigInt(id)]);
    for (let round = 0; round < 20; round++) {
      const batch = testBatch(view, keys.map((key) => ({ key, values: [BigInt(round), BigInt(round)], event: NOW + round, created: NOW })));
      await Promise.all([store().write(view, batch), round % 2 === 0 ? store().remove(view, keys) : harness().connect(3600).remove(view)]);
      const [rows] = await store().read([{ view, features: ['a', 'b'], entityKeys: keys }]);
      for (const { eventTimestampMicros, values: [a, b] } of rows ?? []) {
        assert.equal(a, b);
        assert.equal(a === null, eventTimestampMicros === undefined);
      }
    }
  });
}

export function assertAbout(actual: number | null | undefined, seconds: number): void {
  assert.ok(typeof actual === 'number' && actual <= seconds && actual > seconds - 20, `${actual} is not about ${seconds}`);
}
