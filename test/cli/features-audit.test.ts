import assert from 'node:assert/strict';
import type { AuditRequest } from '../../cli/audit-rows.ts';
import { auditView } from '../../cli/audit-view.ts';
import type { EntityDifference } from '../../domain/features/online-audit.ts';
import { snapshotView } from '../../domain/features/resolve.ts';
import type { FeatureViewSnapshot } from '../../domain/features/snapshot.ts';
import { parseInstant } from '../../domain/instant.ts';
import type { OnlineStore } from '../../ports/online-store.ts';
import type { Ports } from '../../ports/ports.ts';
import { testBatch } from '../contracts/online-rows.ts';
import { createCustomerTables, customer, minute, scores, type CustomerTables, type Score } from '../support/customers.ts';
import { createFixtureProject, type FixtureProject } from '../support/fixture-project.ts';
import { runCommand } from './command.ts';

const CUSTOMERS = 3000;
const NO_PATIENCE = { mostMillis: 2000, onWait: () => undefined };

describe('ml-pipeline features audit', function () {
  this.timeout(120_000);
  let project: FixtureProject;
  let tables: CustomerTables;
  let view: FeatureViewSnapshot;
  before(async () => {
    project = await createFixtureProject();
    tables = await createCustomerTables(project);
    view = snapshotView({ entities: [customer], featureViews: [scores], featureServices: [] }, 'scores');
    await tables.query(`INSERT INTO feature_mart.scores SELECT n, n / 7.0, '${minute(0)}', '${minute(0)}', false FROM generate_series(1, ${CUSTOMERS}) AS n`);
  });
  after(async () => {
    await tables.close();
    await project.remove();
  });

  /** The store as a materialization leaves it. */
  const materialize = async (): Promise<void> => {
    await project.clearOnlineStore();
    const rows = await project.ports.warehouse.newestRows({ view, startMicros: Number.MIN_SAFE_INTEGER, endMicros: parseInstant(minute(10))!, slice: { index: 0, count: 1 } });
    for await (const batch of rows.batches) await project.ports.onlineStore.write(view, batch);
    await project.ports.featureRegistry.recordMaterialization('scores', parseInstant(minute(-10))!, parseInstant(minute(10))!, view, { endMicros: parseInstant(minute(10))!, renewedMicros: Date.now() * 1000 });
  };
  const audit = async (extra: Partial<AuditRequest> = {}, ports: Pick<Ports, 'warehouse' | 'onlineStore' | 'featureRegistry' | 'clock'> = project.ports) => {
    const found: EntityDifference[] = [];
    const result = await auditView(ports, { view, asOfMicros: parseInstant(minute(30))!, watermarkMicros: parseInstant(minute(10))!, sample: undefined, repair: false, onDifference: (one) => void found.push(one), ...extra });
    return { ...result, found };
  };
  /** One of each difference: four in the table after the fact, one in the store. */
  const spoil = async (): Promise<void> => {
    await project.ports.onlineStore.remove(view, [[1n]]);
    await tables.insert('scores', [2, 0.5, 5, 5]); // came before the watermark, and was missed
    await tables.query('UPDATE feature_mart.scores SET score = -1 WHERE customer = 3');
    await tables.query('DELETE FROM feature_mart.scores WHERE customer = 4');
    await tables.insert('scores', [4, 7, -5]); // the newest row was deleted, an older one is there
    await tables.query('DELETE FROM feature_mart.scores WHERE customer = 5');
    await tables.insert('scores', [6, 0.5, 20], [7, 0.5, 5, 20]); // not materialized yet
  };

  const restore = async (): Promise<void> => {
    await tables.query(`DELETE FROM feature_mart.scores; INSERT INTO feature_mart.scores SELECT n, n / 7.0, '${minute(0)}', '${minute(0)}', false FROM generate_series(1, ${CUSTOMERS}) AS n`);
    await materialize();
  };

  it('finds no difference after a materialization, in all entities and in a sample', async () => {
    await materialize();
    const { found, ...all } = await audit();
    assert.deepEqual(all, { view: 'scores', entities: CUSTOMERS, pending: 0, newerThanAsOf: 0, differences: {}, repaired: 0, changed: 0 });
    assert.equal(found.length, 0);
    assert.equal((await audit({ sample: 100 })).entities, 100);
    assert.equal((await audit({ sample: CUSTOMERS * 2 })).entities, CUSTOMERS);
  });

  it('keeps a change of the definition waiting only while it writes, not while it looks', async () => {
    await materialize();
    await project.ports.onlineStore.remove(view, [[1n]]);
    let changes = 0;
    const newestRows: Ports['warehouse']['newestRows'] = async (request) => {
      await project.ports.featureRegistry.withoutWriters(['scores'], NO_PATIENCE, async () => void changes++);
      return project.ports.warehouse.newestRows(request);
    };
    const { repaired } = await audit({ repair: true }, { ...project.ports, warehouse: { ...project.ports.warehouse, newestRows } });
    assert.deepEqual([repaired, changes], [1, 1]);
  });

  it('finds each kind of difference, both ways, with the values of both sides, and makes them right', async () => {
    await spoil();
    const { found, ...first } = await audit();
    assert.deepEqual(first, { view: 'scores', entities: CUSTOMERS, pending: 2, newerThanAsOf: 0, differences: { missing: 1, stale: 1, different: 1, gone: 1, extra: 1 }, repaired: 0, changed: 0 });
    assert.deepEqual(found.map(({ keys, kind, features }) => [keys[0], kind, features[0]?.offline, features[0]?.online]), [
      [1n, 'missing', 1 / 7, null], [2n, 'stale', 0.5, 2 / 7], [3n, 'different', -1, 3 / 7], [4n, 'gone', 7, 4 / 7], [5n, 'extra', null, 5 / 7],
    ]);
    assert.equal((await audit({ repair: true })).repaired, 5);
    assert.deepEqual((await audit()).differences, {});
    assert.deepEqual(await tables.online('scores', 1, 2, 3, 4, 5, 6), [[1 / 7, 0], [0.5, 5], [-1, 0], [7, -5], undefined, [6 / 7, 0]]);
  });

  it('leaves alone what another writer changes while it repairs, counts it apart, and finds it right the next time', async () => {
    await restore();
    await spoil();
    const write = (customer: number, score: number, event: string, created: string) => project.ports.onlineStore.write(view, testBatch(view, [{ key: [BigInt(customer)], values: [score], event: parseInstant(event)!, created: parseInstant(created)! }]));
    const { onlineStore } = project.ports;
    const disturbed: OnlineStore = {
      ...onlineStore,
      remove: async (of, keys, versions) => {
        if (keys?.some(([id]) => id === 3n) === true) await Promise.all([write(3, 30, minute(31), minute(31)), write(4, 40, minute(0), minute(31))]);
        if (keys?.some(([id]) => id === 5n) === true) await write(5, 50, minute(31), minute(31));
        return onlineStore.remove(of, keys, versions);
      },
    };
    const { differences, repaired, changed } = await audit({ repair: true }, { ...project.ports, onlineStore: disturbed });
    assert.deepEqual([differences, repaired, changed], [{ missing: 1, stale: 1, different: 1, gone: 1, extra: 1 }, 2, 3]);
    assert.deepEqual(await tables.online('scores', 1, 2, 3, 4, 5), [[1 / 7, 0], [0.5, 5], [30, 31], [40, 0], [50, 31]], 'what was written meanwhile stays');
    await tables.insert('scores', [3, 30, 31], [4, 40, 0, 31], [5, 50, 31]);
    const after = await audit({ asOfMicros: parseInstant(minute(32))!, watermarkMicros: parseInstant(minute(32))! });
    assert.deepEqual(after.differences, { stale: 2 }, 'only what was never materialized');
    await restore();
  });

  it('does not take for a difference what was pushed after it had begun', async () => {
    await materialize();
    const { warehouse, onlineStore } = project.ports;
    const late = (id: number, event: number) => testBatch(view, [{ key: [BigInt(id)], values: [9], event: parseInstant(minute(event))!, created: parseInstant(minute(31))! }]);
    const slow: Ports['warehouse'] = {
      ...warehouse,
      newestRows: async (request) => {
        const rows = await warehouse.newestRows(request);
        for (const batch of [late(10, 15), late(777_777, 15)]) await onlineStore.write(view, batch);
        return rows;
      },
    };
    const { differences, pending, newerThanAsOf, repaired } = await audit({ repair: true }, { ...project.ports, warehouse: slow });
    assert.deepEqual([differences, pending, newerThanAsOf, repaired], [{}, 0, 1, 0]);
    assert.deepEqual(await tables.online('scores', 10, 777_777), [[9, 15], [9, 15]]);
    const { stdout } = await runCommand(project.folder, 'features', 'audit', '--views', 'scores', '--all', '--as-of', minute(10));
    assert.match(stdout, /no difference, 1 newer online than the as-of instant\n/);
  });

  it('tells rows that are online before their time, and removes them', async () => {
    await materialize();
    const ahead = Date.now() * 1000 + 3_600_000_000;
    await project.ports.onlineStore.write(view, testBatch(view, [{ key: [9n], values: [9], event: ahead }, { key: [888_888n], values: [null], event: ahead }]));
    const { code, stdout } = await runCommand(project.folder, 'features', 'get', 'scores:score', '--entity', 'customer=9');
    assert.equal(code, 0);
    assert.match(stdout, /in 59 min/);
    const found = await audit();
    assert.deepEqual(found.differences, { ahead: 2 });
    assert.deepEqual(found.found.map(({ keys, onlineEventMicros }) => [keys[0], onlineEventMicros]), [[9n, ahead], [888_888n, ahead]]);
    const listed = await runCommand(project.folder, 'features', 'audit', '--views', 'scores', '--all', '--as-of', minute(30));
    assert.equal(listed.code, 1);
    assert.match(listed.stdout, /2 online before its time/);
    assert.deepEqual((await audit({ repair: true })).repaired, 2);
    assert.deepEqual(await tables.online('scores', 9, 888_888), [[9 / 7, 0], undefined]);
  });

  it('samples every entity as likely as every other, the same ones on both sides', async () => {
    await project.clearOnlineStore();
    const strangers = Array.from({ length: CUSTOMERS }, (_, n): Score => [n + 100_000, 1, 0]);
    await tables.query("CREATE TABLE feature_mart.kept AS SELECT * FROM feature_mart.scores; DELETE FROM feature_mart.scores");
    await tables.query(`INSERT INTO feature_mart.scores SELECT n, 1, '${minute(0)}', '${minute(0)}', false FROM generate_series(100000, ${100_000 + strangers.length - 1}) AS n`);
    await materialize();
    await tables.query('DELETE FROM feature_mart.scores; INSERT INTO feature_mart.scores SELECT * FROM feature_mart.kept; DROP TABLE feature_mart.kept');
    const { differences, pending } = await audit({ sample: 300, random: () => 0.25 });
    assert.equal(differences.missing! + pending, 300);
    assert.ok(Math.abs(differences.extra! - 300) < 90, `${differences.extra} of as many entities that are online only`);
    await materialize();
  });

  it('prints the differences, and says by its exit code whether there are any', async () => {
    await project.ports.onlineStore.remove(view, [[1n]]);
    const args = ['features', 'audit', '--views', 'scores', '--as-of', minute(30), '--all'];
    const found = await runCommand(project.folder, ...args);
    assert.equal(found.code, 1, found.stderr);
    assert.match(found.stdout, /3,000 entities compared, 1 missing online/);
    assert.match(found.stdout, /scores +customer=1 +missing online +score +0\.14285714285714285 +null/);
    const repaired = await runCommand(project.folder, 'features', 'audit', '--views', 'scores', '--all', '--repair', '--json');
    assert.equal(repaired.code, 0, repaired.stderr);
    const { views, differences } = JSON.parse(repaired.stdout) as { views: object[]; differences: object[] };
    assert.deepEqual(views.map((one) => (one as { repaired: number }).repaired), [1]);
    assert.deepEqual(differences, [{
      view: 'scores', entity: { customer: '1' }, difference: 'missing', offline_event_timestamp: minute(0), online_event_timestamp: null, features: [{ feature: 'score', offline: 1 / 7, online: null }],
    }]);
    assert.equal((await runCommand(project.folder, ...args)).code, 0);
    const unknown = await runCommand(project.folder, 'features', 'audit', '--views', 'score');
    assert.deepEqual([unknown.code, /Did you mean "scores"/.test(unknown.stderr)], [2, true], unknown.stderr);
  });

  it('refuses to repair as of an instant, which would put older values back, and a sample of none', async () => {
    await materialize();
    await tables.insert('scores', [8, 0.25, 40]);
    const rows = await project.ports.warehouse.newestRows({ view, startMicros: parseInstant(minute(39))!, endMicros: parseInstant(minute(40))!, slice: { index: 0, count: 1 } });
    for await (const batch of rows.batches) await project.ports.onlineStore.write(view, batch);
    const { code, stderr } = await runCommand(project.folder, 'features', 'audit', '--as-of', minute(30), '--sample', '0', '--repair');
    assert.equal(code, 2, stderr);
    assert.match(stderr, /--as-of.*--repair[^]*--sample/);
    assert.deepEqual(await tables.online('scores', 8), [[0.25, 40]], 'what is online stays');
    assert.equal((await runCommand(project.folder, 'features', 'audit', '--views', 'scores', '--all', '--sample', '0')).code, 0, 'all are looked at');
  });
});
