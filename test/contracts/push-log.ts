import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { PushedRow } from '../../domain/features/pushed-rows.ts';
import type { FeatureViewSnapshot } from '../../domain/features/snapshot.ts';
import type { FeatureValue } from '../../domain/features/value-types.ts';
import type { Push, PushLog } from '../../ports/push-log.ts';
import { testView } from './online-rows.ts';

export const NOW = 1_700_000_000_000_000;
const SECOND = 1_000_000;

/** What is said of an event: its key, its value, and the created timestamp where the caller brings one. */
export interface Said {
  readonly key: number;
  readonly x: number | null;
  readonly created?: number;
}

/** A push log with a table `feature_mart.v (k, x, event_timestamp, created_timestamp)` of its own. */
export interface PushLogHarness {
  /** Another process' log over the same tables. The harness closes it. */
  open(): PushLog;
  /** Neither rows nor anything that was said. */
  clear(): Promise<void>;
  /** x and created timestamp of the table's rows of a key, in the order of the latter. */
  rows(key: number): Promise<[x: number | null, createdMicros: number][]>;
  count(): Promise<number>;
  /** What waits for its time has it now. */
  makeDue(): Promise<void>;
  close(): Promise<void>;
}

const base = testView('v', [{ name: 'k', type: 'Int64' }], [{ name: 'x', type: 'Int64' }]);
export const view: FeatureViewSnapshot = { ...base, source: { ...base.source, createdTimestampColumn: 'created_timestamp' } };

export const rowOf = ({ key, x, created }: Said, event = NOW - SECOND): PushedRow => ({ key: [BigInt(key)], values: [x === null ? null : BigInt(x)], eventTimestampMicros: event, createdTimestampMicros: created ?? null, deleted: false });
const push = (said: readonly Said[], receivedMicros: number, online = true): Push => ({ receivedMicros, views: [{ view, rows: said.map((one) => rowOf(one)) }], online });

/** What every push log does. `runs`: of the properties, more where a record is fast. */
export function describePushLog(name: string, openHarness: () => Promise<PushLogHarness>, runs: number): void {
  describe(`The log of pushes in ${name}`, function () {
    this.timeout(60_000);
    let harness: PushLogHarness;
    let log: PushLog;
    before(async () => {
      harness = await openHarness();
      log = harness.open();
      await log.prepare();
    });
    after(() => harness.close());
    beforeEach(() => harness.clear());

    /** Created timestamps, from NOW on, that the rows of a push got. */
    const record = async (said: readonly Said[], at: number, by = log): Promise<number[]> => {
      const [recorded] = await by.record([push(said, NOW + at)]);
      return recorded!.views[0]!.rows.map(({ createdTimestampMicros }) => createdTimestampMicros! - NOW);
    };
    const stored = async (key = 1): Promise<[x: number | null, created: number][]> => (await harness.rows(key)).map(([x, created]) => [x, created - NOW]);
    const [A, B] = [{ key: 1, x: 1 }, { key: 1, x: 2 }];

    it('records what is new of an event, and a repeat of what was said of it last no second time: a correction back is new', async () => {
      assert.deepEqual(await record([A], 10), [10]);
      assert.deepEqual(await record([A], 20), [10], 'a repeat');
      assert.deepEqual(await record([B], 30), [30]);
      assert.deepEqual(await record([A], 40), [40], 'back');
      assert.deepEqual(await record([A], 50), [40], 'a repeat of that');
      assert.deepEqual(await stored(), [[1, 10], [2, 30], [1, 40]]);
    });

    it('lets a correction come after what was said before, also where the clock that stamped it is behind', async () => {
      await record([A], 10);
      assert.deepEqual(await record([B], 5), [11]);
      assert.deepEqual(await record([{ ...A, created: NOW + 100 }], 20), [100]);
      assert.deepEqual(await record([B], 20), [101]);
      assert.deepEqual(await stored(), [[1, 10], [2, 11], [1, 100], [2, 101]]);
    });

    it('takes a row that brings its created timestamp once, whatever came between, and another created timestamp for another row', async () => {
      const [dated, later] = [{ ...A, created: NOW + 10 }, { ...A, created: NOW + 30 }];
      await record([dated], 0);
      await record([{ ...B, created: NOW + 20 }], 0);
      assert.deepEqual(await record([dated], 0), [10], 'what came late is a repeat');
      assert.deepEqual(await record([later], 0), [30]);
      assert.deepEqual(await record([later, dated], 0), [30, 10]);
      assert.deepEqual(await stored(), [[1, 10], [2, 20], [1, 30]]);
    });

    it('keeps the order of rows in a push, and of pushes that are recorded together', async () => {
      const recorded = await log.record([push([A, B], NOW + 10), push([A], NOW + 10), push([A, { key: 2, x: null }], NOW + 11)]);
      assert.deepEqual(recorded.map(({ views }) => views[0]!.rows.map(({ createdTimestampMicros }) => createdTimestampMicros! - NOW)), [[10, 11], [12], [12, 11]]);
      assert.deepEqual(await stored(), [[1, 10], [2, 11], [1, 12]]);
      assert.deepEqual(await stored(2), [[null, 11]]);
    });

    it('does what a plain list of what was said does, in any order of pushes', async () => {
      const said = fc.record({ key: fc.integer({ min: 1, max: 2 }), x: fc.constantFrom(1, 2, null), created: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined, freq: 3 }) });
      await fc.assert(
        fc.asyncProperty(fc.array(fc.record({ rows: fc.array(said, { minLength: 1, maxLength: 4 }), at: fc.integer({ min: 0, max: 5 }) }), { maxLength: 12 }), async (pushes) => {
          await harness.clear();
          const oracle = new Oracle();
          for (const { rows, at } of pushes) {
            const given = rows.map(({ key, x, created }): Said => ({ key, x, ...(created === undefined ? {} : { created: NOW + created }) }));
            assert.deepEqual(await record(given, at), given.map((one) => oracle.say(one, NOW + at) - NOW));
          }
          for (const key of [1, 2]) assert.deepEqual(await stored(key), oracle.rows(key).map(([x, created]) => [x, created - NOW]));
        }),
        { numRuns: runs },
      );
    });

    it('orders what several processes say at the same time: each repeat is one of the row in force, and the last word is the newest row', async () => {
      const others = [log, harness.open(), harness.open()];
      const said = fc.record({ key: fc.integer({ min: 1, max: 4 }), x: fc.integer({ min: 1, max: 3 }) });
      const pushes = fc.array(fc.record({ rows: fc.array(said, { minLength: 1, maxLength: 5 }), at: fc.integer({ min: -20, max: 20 }) }), { minLength: 1, maxLength: 8 });
      await fc.assert(
        fc.asyncProperty(fc.array(pushes, { minLength: 3, maxLength: 3 }), async (byProcess) => {
          await harness.clear();
          const answers = await Promise.all(byProcess.map(async (own, index) => {
            const got: (Said & { readonly got: number })[] = [];
            for (const { rows, at } of own) (await record(rows, at, others[index])).forEach((created, row) => got.push({ ...rows[row]!, got: created }));
            return got;
          }));
          for (const key of [1, 2, 3, 4]) {
            const rows = await stored(key);
            rows.slice(1).forEach(([x, created], before) => {
              assert.ok(created > rows[before]![1], 'no two rows are known since the same instant');
              assert.notEqual(x, rows[before]![0], 'what was said last is not recorded again');
            });
            const xOf = new Map(rows.map(([x, created]) => [created, x]));
            for (const own of answers.map((all) => all.filter((one) => one.key === key))) {
              own.forEach(({ x, got }, index) => {
                assert.equal(xOf.get(got), x, 'the created timestamp is that of a row that says the same');
                const earlier = own[index - 1];
                if (earlier !== undefined) assert.ok(earlier.x === x ? earlier.got <= got : earlier.got < got, 'a process comes after itself');
              });
            }
          }
        }),
        { numRuns: runs },
      );
    });

    it('forgets events of which nothing was recorded for long', async () => {
      await record([A], 0);
      await log.forget(Date.now() * 1000 - 3600 * SECOND);
      await record([A], 10);
      assert.equal((await stored()).length, 1);
      await log.forget(Date.now() * 1000 + 3600 * SECOND);
      await record([A], 20);
      assert.deepEqual(await stored(), [[1, 0], [1, 20]]);
    });

    describe('of events that have not happened yet', () => {
      const at = (event: number, key = 1): PushedRow => rowOf({ key, x: key }, event);
      const recordRows = async (rows: readonly PushedRow[], online = true) => (await log.record([{ receivedMicros: Date.now() * 1000, views: [{ view, rows }], online }]))[0]!;
      const deliver = async (): Promise<PushedRow[]> => {
        const delivered: PushedRow[] = [];
        while ((await log.deliver(0, ({ rows }) => Promise.resolve(void delivered.push(...rows)))) > 0);
        return delivered;
      };

      it('records the rows at once, and gives them to the online store when their time has come', async () => {
        const now = Date.now() * 1000;
        const [past, near, soon, far] = [at(now - SECOND, 1), at(now + 4 * SECOND, 2), at(now + 5.7 * SECOND, 3), at(now + 3600 * SECOND, 4)];
        const { views, tickets, heldRows } = await recordRows([past, near, soon, far]);
        assert.deepEqual(views.map(({ rows }) => rows.map(({ key }) => Number(key[0]))), [[1, 2]], 'a clock may be five seconds ahead');
        assert.equal(heldRows, 2);
        await log.settle(tickets);
        assert.equal(await harness.count(), 4);
        assert.deepEqual(await deliver(), []);
        assert.equal(await log.pendingRows(), 2, 'they count among those that wait');
        await new Promise((resolve) => setTimeout(resolve, Math.ceil(now / SECOND + 7) * 1000 - Date.now()));
        assert.deepEqual((await deliver()).map(({ key }) => Number(key[0])), [3]);
        await harness.makeDue();
        assert.deepEqual((await deliver()).map(({ key }) => Number(key[0])), [4]);
        assert.equal(await log.pendingRows(), 0);
      });

      it('lists them once, however often they are pushed, and with each correction', async () => {
        const event = Date.now() * 1000 + 3600 * SECOND;
        for (let time = 0; time < 3; time++) assert.equal((await recordRows([at(event), at(event, 2)])).heldRows, 2);
        assert.equal(await log.pendingRows(), 2);
        await recordRows([{ ...at(event), values: [77n] }]);
        assert.equal(await log.pendingRows(), 3);
        await harness.makeDue();
        const rows = (await deliver()).filter(({ key }) => key[0] === 1n).sort((a, b) => a.createdTimestampMicros! - b.createdTimestampMicros!);
        assert.deepEqual(rows.map(({ values }) => values[0]), [1n, 77n] satisfies FeatureValue[], 'the correction is known later');
      });

      it('holds nothing of a push that is for the tables alone', async () => {
        const { views, heldRows } = await recordRows([at(Date.now() * 1000 + 3600 * SECOND)], false);
        assert.deepEqual([views, heldRows, await log.pendingRows()], [[], 0, 0]);
      });
    });
  });
}

/** What the log has to do, as a list: what was said of each event, in order. */
class Oracle {
  readonly #said = new Map<number, { readonly x: number | null; readonly isDated: boolean; readonly created: number }[]>();

  /** Resolves to the created timestamp of the row that says this. */
  say({ key, x, created }: Said, received: number): number {
    const said = this.#said.get(key) ?? [];
    this.#said.set(key, said);
    if (created !== undefined) {
      if (!said.some((one) => one.isDated && one.x === x && one.created === created)) said.push({ x, isDated: true, created });
      return created;
    }
    const last = said.at(-1);
    if (last !== undefined && !last.isDated && last.x === x) return last.created;
    const newest = Math.max(received, ...said.map((one) => one.created + 1));
    said.push({ x, isDated: false, created: newest });
    return newest;
  }

  rows(key: number): [x: number | null, created: number][] {
    const rank = (x: number | null): number => x ?? Infinity;
    return (this.#said.get(key) ?? []).map(({ x, created }): [number | null, number] => [x, created]).sort((a, b) => a[1] - b[1] || rank(a[0]) - rank(b[0]));
  }
}
