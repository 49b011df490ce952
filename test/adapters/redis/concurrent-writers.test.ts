import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ByteWriter } from '../../../adapters/feast/codec/byte-writer.ts';
import { createFieldKeys } from '../../../adapters/feast/codec/field-keys.ts';
import { readTimestamp, writeTimestamp } from '../../../adapters/feast/codec/timestamp.ts';
import { writeValue } from '../../../adapters/feast/codec/value.ts';
import { testBatch, testView } from '../../contracts/online-rows.ts';
import { openRedisHarness } from './harness.ts';
import type { RedisHarness } from './harness.ts';

const ENTITIES = 4;
const CLIENTS = 4;
const features = Array.from({ length: 6 }, (_, index) => ({ name: `f${index}`, type: 'Int64' as const }));

interface Row {
  readonly id: number;
  readonly event: number;
  readonly created: number | null;
}

/** Rows are known by their times: equal times carry equal values, in every feature the same one. */
const valueOf = ({ event, created }: Row): bigint => BigInt(event) * 10n + BigInt(created ?? -1);
const rank = (created: number | null): number => created ?? -Infinity;
const newest = (rows: readonly Row[], id: number): Row | undefined =>
  rows.filter((row) => row.id === id).sort((a, b) => b.event - a.event || (rank(a.created) === rank(b.created) ? 0 : rank(b.created) - rank(a.created)))[0];

const row = fc.record({ id: fc.nat({ max: ENTITIES - 1 }), event: fc.oneof(fc.constantFrom(-1_000_000, -1, 1, 2_000_000), fc.integer({ min: -5_000_000, max: 5_000_000 })), created: fc.option(fc.integer({ min: 0, max: 3 })) });
const plan = fc.array(fc.record({ client: fc.nat({ max: CLIENTS - 1 }), rows: fc.array(row, { minLength: 1, maxLength: 6 }) }), { minLength: 1, maxLength: 24 });

describe('Writers of one feature view at the same time', () => {
  let harness: RedisHarness;
  let views = 0;
  before(async () => {
    harness = await openRedisHarness();
  });
  after(() => harness.close());

  const dump = (keys: readonly Buffer[]) => Promise.all(keys.map(async (key) => (await harness.redis.dumpBuffer(key))?.toString('hex')));

  it('end, from four connections, with the newest row by event and created time, whole; every row once more changes no byte', async () => {
    const clients = Array.from({ length: CLIENTS }, () => harness.connect(3600));
    await fc.assert(
      fc.asyncProperty(plan, async (batches) => {
        const view = testView(`raced_${++views}`, [{ name: 'id', type: 'Int64' }], features);
        const write = ({ client, rows }: { readonly client: number; readonly rows: readonly Row[] }) =>
          clients[client]!.write(view, testBatch(view, rows.map((one) => ({ key: [BigInt(one.id)], values: features.map(() => valueOf(one)), event: one.event, created: one.created }))));
        await Promise.all(batches.map(write));
        const all = batches.flatMap(({ rows }) => rows);
        const keys = Array.from({ length: ENTITIES }, (_, id) => [BigInt(id)]);
        const [stored] = await clients[0]!.read([{ view, features: features.map(({ name }) => name), entityKeys: keys }]);
        const expected = keys.map((_, id) => {
          const best = newest(all, id);
          return { eventTimestampMicros: best?.event, values: features.map(() => (best === undefined ? null : valueOf(best))) };
        });
        assert.deepEqual(stored, expected);
        const names = keys.map((key) => harness.keyOf(view, key));
        const before = await dump(names);
        for (const batch of [...batches].reverse()) assert.equal((await write(batch)).written, 0);
        assert.deepEqual(await dump(names), before);
      }),
      { numRuns: 40 },
    );
  });

  it('end with the newest row also where Feast\'s rule writes among them, unless it compared before and wrote after; a replay of ours then mends that', async () => {
    const store = harness.connect(3600);
    await fc.assert(
      fc.asyncProperty(plan, async (batches) => {
        const view = testView(`shared_${++views}`, [{ name: 'id', type: 'Int64' }], features);
        const ours = batches.filter(({ client }) => client > 0);
        const theirs = batches.filter(({ client }) => client === 0).map(({ rows }) => rows.map((one) => ({ ...one, created: null })));
        const write = ({ rows }: { readonly rows: readonly Row[] }) => store.write(view, testBatch(view, rows.map((one) => ({ key: [BigInt(one.id)], values: features.map(() => valueOf(one)), event: one.event, created: one.created }))));
        const feast = async (): Promise<void> => {
          for (const rows of theirs) for (const one of rows) await writeAsFeast(harness, view, one);
        };
        await Promise.all([feast(), ...ours.map(write)]);
        for (const batch of ours) await write(batch);
        for (const rows of theirs) for (const one of rows) await writeAsFeast(harness, view, one);
        for (let id = 0; id < ENTITIES; id++) {
          const best = newest([...ours.flatMap(({ rows }) => rows), ...theirs.flat()], id);
          const [[stored]] = (await store.read([{ view, features: features.map(({ name }) => name), entityKeys: [[BigInt(id)]] }])) as [[{ eventTimestampMicros: number | undefined; values: readonly bigint[] }]];
          assert.equal(stored!.eventTimestampMicros, best?.event);
          if (best === undefined) continue;
          const candidates = [...ours.flatMap(({ rows }) => rows), ...theirs.flat()].filter((one) => one.id === id && one.event === best.event).map(valueOf);
          assert.ok(candidates.includes(stored!.values[0]!), 'a value that was written with this event time');
          assert.ok(stored!.values.every((value) => value === stored!.values[0]), 'all features are of one row');
        }
      }),
      { numRuns: 25 },
    );
  });
});

/** One row by the rule of Feast's own writer: read the stored event time, then write where the new one is later. Two steps, and no created time. */
async function writeAsFeast({ redis, keyOf }: RedisHarness, view: ReturnType<typeof testView>, one: Row): Promise<void> {
  const key = keyOf(view, [BigInt(one.id)]);
  const fields = createFieldKeys(view.name);
  const stored = await redis.hgetBuffer(key, fields.timestamp);
  if (stored !== null && readTimestamp(stored) >= one.event) return;
  const writer = new ByteWriter();
  const bytes = (write: () => void): Buffer => (write(), writer.take());
  const values = view.features.flatMap(({ name, type }) => [fields.feature(name), bytes(() => writeValue(writer, type, valueOf(one)))]);
  await redis.hset(key, fields.timestamp, bytes(() => writeTimestamp(writer, one.event)), ...values);
}
