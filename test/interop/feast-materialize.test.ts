import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { markOf, micros, planWindows } from '../../activities/plan-materialization.ts';
import { writeSlice } from '../../activities/write-slice.ts';
import { createPostgresWarehouse } from '../../adapters/postgres/warehouse.ts';
import { createRedisOnlineStore } from '../../adapters/redis/online-store.ts';
import { snapshotView } from '../../domain/features/resolve.ts';
import { formatInstant, parseInstant } from '../../domain/instant.ts';
import type { FeatureRegistry } from '../../ports/feature-registry.ts';
import type { OnlineStore } from '../../ports/online-store.ts';
import type { Warehouse } from '../../ports/warehouse.ts';
import type { MaterializeFeaturesInput } from '../../temporal/inputs.ts';
import { readings } from './feast/pushed-repository.ts';
import { createSide, hasFeast, redisConfig, type RegistrySide } from './feast/registry-side.ts';

const KEY_TTL_SECONDS = 86_400;
const VIEWS = readings.featureViews.map(({ name }) => name);

describe("Feast's own materialization, on a registry that we wrote", function () {
  this.timeout(120_000); // importing Feast takes seconds
  const project = `feast_run_${randomBytes(6).toString('hex')}`;
  const view = snapshotView(readings, 'readings');
  let side: RegistrySide;
  let registry: FeatureRegistry;
  let warehouse: Warehouse;
  let store: OnlineStore;

  before(async function () {
    if (!hasFeast()) return this.skip();
    side = await createSide();
    registry = side.registryOf(project);
    warehouse = createPostgresWarehouse({ connectionString: side.database.url });
    store = createRedisOnlineStore({ ...(await redisConfig()), project, keyTtlSeconds: 600 });
    await side.client.query('CREATE SCHEMA feature_mart; CREATE TABLE feature_mart.readings (origin text, temperature float8, n int8, event_timestamp timestamptz, created_timestamp timestamptz)');
    await registry.apply(readings);
  });
  after(async () => {
    for (const name of VIEWS) await store?.remove(snapshotView(readings, name));
    await Promise.all([store?.close(), warehouse?.close()]);
    await side?.close();
  });

  const now = Date.now() * 1000;
  const hoursAgo = (hours: number): string => formatInstant(now - hours * 3_600_000_000);
  const insert = (origin: string, event: string, created: string): Promise<unknown> => side.client.query('INSERT INTO feature_mart.readings VALUES ($1, 30.5, 7, $2, $3)', [origin, event, created]);
  async function online(...origins: readonly string[]): Promise<readonly unknown[]> {
    const [rows = []] = await store.read([{ view, features: ['temp', 'n'], entityKeys: origins.map((origin) => [origin]) }]);
    return rows.map(({ eventTimestampMicros, values }) => (eventTimestampMicros === undefined ? undefined : values));
  }
  /** What a workflow of ours does, at the instant. */
  async function materializeHere(instant: string, input: MaterializeFeaturesInput): Promise<void> {
    const clock = { now: () => parseInstant(instant)! };
    const [window] = await planWindows({ clock, keyTtlSeconds: KEY_TTL_SECONDS, featureRegistry: registry, warehouse }, { views: ['readings'], ...input });
    assert.ok(window);
    for (let index = 0; index < window.slices; index++) await writeSlice({ warehouse, onlineStore: store }, { window, index }, { signal: new AbortController().signal, report: () => undefined, run: window.end, cursor: undefined });
    await registry.recordMaterialization('readings', micros(window.since ?? window.start), micros(window.end), window.view, markOf(window.end, window.mark, clock.now(), KEY_TTL_SECONDS));
  }

  it('brings rows that we read, and leaves nothing that the plan would call a change', async () => {
    await insert('JFK', hoursAgo(5), hoursAgo(5));
    await side.feast('materialize', project, { views: VIEWS, start: hoursAgo(6), end: hoursAgo(4) });
    assert.deepEqual(await online('JFK', 'EWR'), [[30.5, 7n], undefined]);
    assert.deepEqual((await registry.plan(readings)).changes, []);
    for (const { view: read, materializationIntervals } of await registry.featureViews()) {
      assert.deepEqual(read, readings.featureViews.find(({ name }) => name === read.name));
      assert.deepEqual(materializationIntervals, [{ startMicros: parseInstant(hoursAgo(6)), endMicros: parseInstant(hoursAgo(4)) }]);
    }
  });

  it('goes on incrementally from our run, and our next one brings the late row that it passed over', async () => {
    await materializeHere(hoursAgo(3), {});
    await insert('EWR', hoursAgo(2), hoursAgo(2));
    await insert('LGA', hoursAgo(5), hoursAgo(1.5)); // of an event time that both had passed
    await side.feast('materialize', project, { views: VIEWS, end: hoursAgo(1) });
    assert.deepEqual(await online('JFK', 'EWR', 'LGA'), [[30.5, 7n], [30.5, 7n], undefined]);
    assert.deepEqual((await registry.plan(readings)).changes, []);
    await materializeHere(hoursAgo(0), { incremental: true });
    assert.deepEqual(await online('LGA'), [[30.5, 7n]]);
  });

  it('is no reason to write a view again that another change does not touch', async () => {
    const rows = async (): Promise<unknown> => (await side.client.query('SELECT feature_view_proto FROM feast_registry.feature_views WHERE project_id = $1', [project])).rows;
    const before = await rows();
    await registry.apply({ ...readings, entities: readings.entities.map((entity) => ({ ...entity, description: 'Described' })) });
    assert.deepEqual(await rows(), before);
    const [view_] = readings.featureViews;
    assert.deepEqual((await registry.plan({ ...readings, featureViews: [{ ...view_!, ttlSeconds: 60 }, readings.featureViews[1]!] })).changes.filter(({ kind }) => kind === 'feature view').map(({ detail }) => detail), ['ttlSeconds: 86400 -> 60']);
  });
});
