import assert from 'node:assert/strict';
import type { Client } from '@temporalio/client';
import { createRedisOnlineStore } from '../../adapters/redis/online-store.ts';
import { parseInstant } from '../../domain/instant.ts';
import type { OnlineStore } from '../../ports/online-store.ts';
import { progressQuery } from '../../temporal/progress.ts';
import type { MaterializeFeaturesInput } from '../../temporal/inputs.ts';
import type { MaterializedView, MaterializeFeaturesResult } from '../../workflows/materialize-features.ts';
import { createCustomerTables, customer, lateScores, minute, scores, type CustomerTables } from '../support/customers.ts';
import { createFixtureProject, type FixtureProject } from '../support/fixture-project.ts';
import { activitiesOf, connectClient, randomId, startTestWorker, type TestWorker } from '../support/temporal.ts';

const HOUR = 3600;

describe('an incremental materialization', function () {
  this.timeout(120_000);
  let project: FixtureProject;
  let tables: CustomerTables;
  let worker: TestWorker;
  let client: Client;
  let close: () => Promise<void>;
  let expiring: OnlineStore;
  const expiringQueue = randomId('expiring');

  before(async () => {
    project = await createFixtureProject();
    tables = await createCustomerTables(project);
    worker = await startTestWorker(project);
    expiring = createRedisOnlineStore({ url: project.redisUrl, project: project.config.project, keyTtlSeconds: HOUR });
    ({ client, close } = await connectClient(project.config.temporal.address));
  });

  after(async () => {
    await worker.stop();
    await close();
    await Promise.all([tables.close(), expiring.close()]);
    await project.remove();
  });

  const start = (input: MaterializeFeaturesInput, taskQueue = project.config.temporal.task_queue) => client.workflow.start('materializeFeatures', { workflowId: randomId('incremental'), taskQueue, args: [input] });
  const materialize = async (end: number, extra: MaterializeFeaturesInput = {}, view = 'scores', taskQueue?: string): Promise<MaterializedView> => {
    const handle = await start({ views: [view], incremental: true, end: minute(end), overlap_seconds: view === 'scores' ? 0 : 600, ...extra }, taskQueue);
    return ((await handle.result()) as MaterializeFeaturesResult).views[0]!;
  };
  const watermark = async (view: string): Promise<number> => {
    const { materializationIntervals } = (await project.ports.featureRegistry.featureViews()).find((one) => one.view.name === view)!;
    return Math.max(...materializationIntervals.map(({ endMicros }) => endMicros));
  };

  it('takes a view whole that was never materialized, and moves the watermark to its end', async () => {
    await tables.insert('scores', [1, 10, 0], [2, 20, 0], [4, 40, 15, 5]);
    const { since, ...view } = await materialize(10);
    assert.deepEqual([since, view.written, view.skipped, view.end], [undefined, 2, 0, minute(10)]);
    assert.deepEqual(await tables.online('scores', 1, 2, 4), [[10, 0], [20, 0], undefined], 'the fourth is not true yet');
    assert.equal(await watermark('scores'), parseInstant(minute(10)));
  });

  it('brings what was created since, late events among it, and events whose time has come; none replaces a newer one', async () => {
    await tables.insert('scores', [1, 5, -30, 12], [2, 21, 5, 12], [3, 30, -60, 12]);
    const { since, written, skipped } = await materialize(20);
    assert.deepEqual([since, written, skipped], [minute(10), 3, 1]);
    assert.deepEqual(await tables.online('scores', 1, 2, 3, 4), [[10, 0], [21, 5], [30, -60], [40, 15]]);
  });

  it('finds nothing when there is nothing, and moves the watermark all the same', async () => {
    const { written, skipped } = await materialize(30);
    assert.deepEqual([written, skipped], [0, 0]);
    assert.equal(await watermark('scores'), parseInstant(minute(30)));
  });

  it('reads again as far back as the overlap says: a transaction may commit late what it created early', async () => {
    await tables.insert('scores', [5, 50, 8, 25]); // created before the watermark, and seen only now
    assert.equal((await materialize(40)).written, 0);
    assert.equal((await materialize(50, { overlap_seconds: 1800 })).written, 1);
    assert.deepEqual(await tables.online('scores', 5), [[50, 8]]);
  });

  it('reads ten minutes again where nothing else is said', async () => {
    await tables.insert('scores', [6, 60, 8, 41]);
    const handle = await start({ views: ['scores'], incremental: true, end: minute(51) });
    assert.equal(((await handle.result()) as MaterializeFeaturesResult).views[0]!.written, 1);
  });

  it('brings a tombstone, whose features are missing, and which no older event undoes', async () => {
    await tables.insert('scores', [1, 11, 52, 52, true]);
    await materialize(55);
    await tables.insert('scores', [1, 12, 51, 56]);
    const { written, skipped } = await materialize(60);
    assert.deepEqual([written, skipped], [0, 1]);
    assert.deepEqual(await tables.online('scores', 1), [[null, 52]]);
  });

  it('does nothing, and records nothing, for an end before the watermark', async () => {
    const before = await project.ports.featureRegistry.featureViews();
    const { written, skipped, since } = await materialize(59);
    assert.deepEqual([written, skipped, since], [0, 0, minute(60)]);
    assert.deepEqual(await project.ports.featureRegistry.featureViews(), before);
  });

  it('reads a source without created timestamps from the watermark back by its lateness', async () => {
    await tables.insert('late_scores', [1, 10, 0], [2, 20, 5]);
    assert.equal((await materialize(10, {}, 'late_scores')).written, 2);
    await tables.insert('late_scores', [3, 30, 0], [4, 40, -1], [5, 50, 15]);
    const { start: from, since, written } = await materialize(20, {}, 'late_scores');
    assert.deepEqual([from, since, written], [minute(0), minute(10), 2]);
    assert.deepEqual(await tables.online('late_scores', 3, 4, 5), [[30, 0], undefined, [50, 15]], 'one came later than declared');
  });

  it('pays no heed to an interval that ends in the future: rows before its end are still to come', async () => {
    await project.ports.featureRegistry.recordMaterialization('late_scores', parseInstant(minute(0))!, parseInstant('2099-01-01')!);
    await tables.insert('late_scores', [6, 60, 25]);
    assert.equal((await materialize(30, {}, 'late_scores')).written, 1);
    await project.ports.featureRegistry.recordMaterialization('late_scores', 0, 1, undefined, { endMicros: parseInstant('2099-01-01')!, renewedMicros: Date.now() * 1000 });
    const { since, written } = await materialize(30, {}, 'late_scores');
    assert.deepEqual([since, written], [undefined, 1], 'taken whole');
    assert.deepEqual(await tables.online('late_scores', 4, 6), [[40, -1], [60, 25]]);
  });

  it('refuses a start, and an overlap without it', async () => {
    for (const input of [{ incremental: true, start: minute(0) }, { overlap_seconds: 5 }, { incremental: true, overlap_seconds: -1 }]) await assert.rejects((await start(input)).result());
  });

  it('renews the expiry of what did not change: an entity outlives its key ttl through runs without new rows', async () => {
    const here = await startTestWorker(project, { taskQueue: expiringQueue, ports: { onlineStore: expiring } });
    try {
      await project.clearOnlineStore();
      await (await start({ views: ['scores'], end: minute(60) }, expiringQueue)).result();
      for (const end of [61, 62]) {
        await project.expireOnlineStore(HOUR / 2);
        assert.equal((await materialize(end, {}, 'scores', expiringQueue)).written, 0);
        const left = Object.values(await project.onlineSecondsLeft());
        assert.ok(left.length > 0 && left.every((seconds) => seconds > HOUR / 2 && seconds <= HOUR), `renewed to an hour: ${left.join(', ')}`);
      }
      assert.deepEqual(await tables.online('scores', 2), [[21, 5]]);
    } finally {
      await here.stop();
    }
  });

  it('brings the rows that a run with a start, a backfill and Feast have passed over since the last run that brought all', async () => {
    await materialize(100);
    await tables.insert('scores', [20, 1, 30, 101], [21, 1, 105, 105]);
    await (await start({ views: ['scores'], start: minute(102), end: minute(110) })).result();
    assert.deepEqual(await tables.online('scores', 20, 21), [undefined, [1, 105]], 'not in the window');
    const second = await materialize(120);
    assert.deepEqual([second.since, await tables.online('scores', 20)], [minute(100), [[1, 30]]]);

    await tables.insert('scores', [22, 1, 30, 121]);
    await (await client.workflow.start('backfillFeatures', { workflowId: randomId('backfill'), taskQueue: project.config.temporal.task_queue, args: [{ views: ['scores'], start: minute(122), end: minute(130) }] })).result();
    const third = await materialize(140);
    assert.deepEqual([third.since, await tables.online('scores', 22)], [minute(120), [[1, 30]]]);

    await tables.insert('scores', [23, 1, 30, 141]);
    await project.ports.featureRegistry.recordMaterialization('scores', parseInstant(minute(140))!, parseInstant(minute(150))!); // as Feast does, which reads by event time alone
    const fourth = await materialize(160);
    assert.deepEqual([fourth.since, await tables.online('scores', 23)], [minute(140), [[1, 30]]]);
  });

  it('takes a view whole that only runs with a start have brought', async () => {
    await project.ports.featureRegistry.apply({ entities: [customer], featureViews: [scores], featureServices: [] });
    await project.ports.featureRegistry.apply({ entities: [customer], featureViews: [scores, lateScores], featureServices: [] });
    await tables.insert('late_scores', [30, 1, 0], [31, 1, 60]);
    await (await start({ views: ['late_scores'], start: minute(50), end: minute(70) })).result();
    const { since } = await materialize(80, {}, 'late_scores');
    assert.deepEqual([since, await tables.online('late_scores', 30, 31)], [undefined, [[1, 0], [1, 60]]]);
  });

  it('takes a view whole after a pause in which its keys may have expired, and says so', async () => {
    const here = await startTestWorker(project, { taskQueue: expiringQueue, ports: { onlineStore: expiring, keyTtlSeconds: HOUR } });
    try {
      await tables.insert('scores', [24, 1, 0]);
      await (await start({ views: ['scores'], end: minute(170) }, expiringQueue)).result();
      const before = (Date.now() / 1000 - HOUR) * 1e6;
      await project.ports.featureRegistry.recordMaterialization('scores', 0, 1, undefined, { endMicros: parseInstant(minute(170))!, renewedMicros: Math.floor(before) });
      await project.clearOnlineStore();
      const handle = await start({ views: ['scores'], end: minute(171), incremental: true }, expiringQueue);
      const [view] = ((await handle.result()) as MaterializeFeaturesResult).views;
      assert.deepEqual([view!.since, await tables.online('scores', 24)], [undefined, [[1, 0]]]);
      assert.match(view!.wholeBecause ?? '', /^whole: keys that were last renewed at .* may have expired$/);
      assert.match((await handle.query(progressQuery)).steps.at(-1)?.detail ?? '', /kept, whole: keys/);
      assert.equal((await materialize(172, {}, 'scores', expiringQueue)).since, minute(171));
    } finally {
      await here.stop();
    }
  });

  it('records the interval after the slices and the renewal, and not before', async () => {
    const handle = await start({ views: ['late_scores'], incremental: true, end: minute(90), overlap_seconds: 0 });
    await handle.result();
    assert.deepEqual((await activitiesOf(handle)).map(({ activity }) => activity), ['planMaterialization', 'materializeSlice', 'renewExpiry', 'recordMaterialization']);
  });
});
