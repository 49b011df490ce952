import assert from 'node:assert/strict';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import pg from 'pg';
import { createFeastSqlRegistry } from '../../../../adapters/feast/registry/sql-registry.ts';
import { FeatureViewSchema, FeatureViewSpecSchema, FeatureViewState } from '../../../../adapters/feast/gen/feast/core/FeatureView_pb.ts';
import type { FeatureRepository } from '../../../../domain/features/definitions.ts';
import { PipelineError } from '../../../../domain/errors.ts';
import type { FeatureRegistry } from '../../../../ports/feature-registry.ts';
import { createTestDatabase, type TestDatabase } from '../../../support/database.ts';
import { repository } from './repository.ts';

const [weather, punctuality, calendar] = repository.featureViews;
assert.ok(weather && punctuality && calendar);

describe("Feast's SQL registry", () => {
  let database: TestDatabase;
  let client: pg.Client;
  let registry: FeatureRegistry;
  let project: string;
  let count = 0;

  before(async () => {
    database = await createTestDatabase();
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
  });
  after(async () => {
    await client.end();
    await database.drop();
  });
  beforeEach(() => {
    project = `project_${count++}`;
    registry = createFeastSqlRegistry({ connectionString: database.url, schema: 'feast_registry', project });
  });
  afterEach(() => registry.close());

  async function viewRow(name: string): Promise<Buffer> {
    const { rows } = await client.query<{ message: Buffer }>('SELECT feature_view_proto AS message FROM feast_registry.feature_views WHERE project_id = $1 AND feature_view_name = $2', [project, name]);
    return rows[0]?.message ?? assert.fail(`no view ${name}`);
  }
  async function versions(name: string): Promise<number[]> {
    const { rows } = await client.query<{ n: number }>('SELECT version_number AS n FROM feast_registry.feature_view_version_history WHERE project_id = $1 AND feature_view_name = $2 ORDER BY 1', [project, name]);
    return rows.map((row) => row.n);
  }
  const withView = (index: number, change: object): FeatureRepository => ({
    ...repository,
    featureViews: repository.featureViews.map((view, at) => (at === index ? { ...view, ...change } : view)),
  });

  it('is empty before anything was applied, and planning writes nothing', async () => {
    const other = createFeastSqlRegistry({ connectionString: database.url, schema: 'never_made', project });
    try {
      assert.deepEqual([await other.entities(), await other.featureViews(), await other.featureServices()], [[], [], []]);
      assert.equal((await other.plan(repository)).changes.length, 3 + 3 + 3 + 1);
      assert.equal((await client.query("SELECT 1 FROM pg_namespace WHERE nspname = 'never_made'")).rowCount, 0);
    } finally {
      await other.close();
    }
  });

  it('gives back the definitions as they were applied', async () => {
    const plan = await registry.apply(repository);
    assert.ok(plan.changes.every((change) => change.action === 'add'));
    const byName = <T extends { readonly name: string }>(items: readonly T[]): T[] => [...items].sort((a, b) => (a.name < b.name ? -1 : 1));
    assert.deepEqual(byName(await registry.entities()), byName(repository.entities));
    assert.deepEqual(byName((await registry.featureViews()).map(({ view }) => view)), byName(repository.featureViews));
    const all = punctuality.features.map((feature) => feature.name);
    assert.deepEqual(await registry.featureServices(), repository.featureServices.map((service) => ({ ...service, features: [service.features[0], { view: 'punctuality', features: all }] })));
  });

  it('leaves every row as it is when nothing changed', async () => {
    await registry.apply(repository);
    const rows = async (): Promise<unknown> => (await client.query('SELECT xmin::text, * FROM feast_registry.feature_views WHERE project_id = $1 ORDER BY 2', [project])).rows;
    const before = await rows();
    const plan = await registry.apply(repository);
    assert.deepEqual(plan, { changes: [], unchanged: 10, online: [] });
    assert.deepEqual(await rows(), before);
  });

  it('says what a change is, and keeps the time of creation, intervals and fields it does not know', async () => {
    await registry.apply(repository);
    await registry.recordMaterialization('weather', 1_000_000, 2_000_001);
    const unknown = Buffer.from([0x9a, 0x01, 3, 0x61, 0x64, 0x73]); // field 19 of the spec (org), text "ads"
    const stored = fromBinary(FeatureViewSchema, await viewRow('weather'));
    assert.ok(stored.spec);
    stored.spec = fromBinary(FeatureViewSpecSchema, Buffer.concat([toBinary(FeatureViewSpecSchema, stored.spec), unknown]));
    await client.query('UPDATE feast_registry.feature_views SET feature_view_proto = $1 WHERE project_id = $2 AND feature_view_name = $3', [toBinary(FeatureViewSchema, stored), project, 'weather']);
    const created = (await registry.featureViews()).find(({ view }) => view.name === 'weather');
    const features = [...weather.features.slice(1), { name: 'wind', type: 'Float64' }];
    const changes = { ttlSeconds: 60, features, source: { ...weather.source, fieldMapping: { speed: 'wind' } } };
    const plan = await registry.apply({ ...withView(0, changes), featureServices: [] });
    assert.deepEqual(
      plan.changes.map(({ kind, name, action, detail }) => `${action} ${kind} ${name}: ${detail}`),
      [
        'change data source weather_source: fieldMapping.temperature: "temp" -> none; fieldMapping.speed: none -> "wind"',
        'change feature view weather: features: +wind -temp; ttlSeconds: 21600 -> 60; source.fieldMapping.temperature: "temp" -> none; source.fieldMapping.speed: none -> "wind"',
        'remove feature service delay_v1: it is not in the feature repository',
      ],
    );
    assert.ok((await viewRow('weather')).includes(unknown));
    const changed = (await registry.featureViews()).find(({ view }) => view.name === 'weather');
    assert.equal(changed?.createdMicros, created?.createdMicros);
    assert.deepEqual([changed?.materializationIntervals, changed?.state], [[], 'unspecified'], 'what was materialized lacks a feature now');
    assert.deepEqual(plan.online.map(({ view, removesValues, needsMaterialization }) => [view, removesValues, needsMaterialization]), [['weather', false, true]]);
  });

  it('keeps the intervals where the values online stay whole', async () => {
    await registry.apply(repository);
    await registry.recordMaterialization('weather', 1_000_000, 2_000_001);
    const plan = await registry.apply(withView(0, { ttlSeconds: 60, description: 'Other words', owner: 'someone else' }));
    assert.deepEqual(plan.online, [{ view: 'weather', effect: 'values that are older than the new ttl count as missing', removesValues: false, needsMaterialization: false }]);
    const { materializationIntervals, state } = (await registry.featureViews()).find(({ view }) => view.name === 'weather')!;
    assert.deepEqual([materializationIntervals, state], [[{ startMicros: 1_000_000, endMicros: 2_000_001 }], 'available online']);
  });

  it('counts versions of a view by its columns', async () => {
    await registry.apply(repository);
    assert.deepEqual(await versions('weather'), [0]);
    await registry.apply(withView(0, { ttlSeconds: 60 }));
    assert.deepEqual(await versions('weather'), [0]);
    await registry.apply(withView(0, { features: [...weather.features, { name: 'wind', type: 'Float64' }] }));
    assert.deepEqual(await versions('weather'), [0, 1]);
    assert.equal(fromBinary(FeatureViewSchema, await viewRow('weather')).meta?.currentVersionNumber, 1);
  });

  it('removes what the repository does not name, and nothing that is not its own', async () => {
    await registry.apply(repository);
    await client.query("INSERT INTO feast_registry.on_demand_feature_views VALUES ('squared', $1, 0, '\\x', NULL)", [project]);
    const smaller = { ...repository, featureViews: [weather], featureServices: [] };
    const plan = await registry.apply(smaller);
    assert.deepEqual(
      plan.changes.map(({ action, kind, name }) => `${action} ${kind} ${name}`),
      ['remove data source calendar_source', 'remove data source punctuality_source', 'remove feature view calendar', 'remove feature view punctuality', 'remove feature service delay_v1'],
    );
    assert.deepEqual((await registry.featureViews()).map(({ view }) => view.name), ['weather']);
    assert.deepEqual(await versions('calendar'), []);
    assert.equal((await client.query('SELECT 1 FROM feast_registry.on_demand_feature_views WHERE project_id = $1', [project])).rowCount, 1);
  });

  it("refuses a view's name that another kind of view has", async () => {
    await registry.apply({ ...repository, featureViews: [], featureServices: [] });
    await client.query("INSERT INTO feast_registry.on_demand_feature_views VALUES ('weather', $1, 0, '\\x', NULL)", [project]);
    await assert.rejects(registry.apply(repository), (error) => error instanceof PipelineError && error.code === 'CONFLICT' && error.message.includes('on-demand feature view'));
    assert.deepEqual(await registry.featureViews(), []);
  });

  it('records a materialization once and marks the view as served', async () => {
    await registry.apply(repository);
    await registry.recordMaterialization('punctuality', 5, 1_700_000_000_123_456);
    const row = await viewRow('punctuality');
    await registry.recordMaterialization('punctuality', 5, 1_700_000_000_123_456);
    assert.deepEqual(await viewRow('punctuality'), row);
    assert.equal(fromBinary(FeatureViewSchema, row).meta?.state, FeatureViewState.AVAILABLE_ONLINE);
    const view = (await registry.featureViews()).find((registered) => registered.view.name === 'punctuality');
    assert.deepEqual(view?.materializationIntervals, [{ startMicros: 5, endMicros: 1_700_000_000_123_456 }]);
    await assert.rejects(registry.recordMaterialization('punctualty', 1, 2), /Did you mean "punctuality"\?/);
  });

  it('loses nothing when several processes write at once', async () => {
    const others = Array.from({ length: 4 }, () => createFeastSqlRegistry({ connectionString: database.url, schema: 'made_at_once', project }));
    try {
      const plans = await Promise.all(others.map((other) => other.apply(repository)));
      assert.deepEqual(plans.map((plan) => plan.changes.length).sort(), [0, 0, 0, 10]);
      await Promise.all(others.map((other, index) => other.recordMaterialization('weather', index * 10, index * 10 + 1)));
      const [first] = others;
      const view = (await first?.featureViews())?.find((registered) => registered.view.name === 'weather');
      assert.equal(view?.materializationIntervals.length, 4);
    } finally {
      await Promise.all(others.map((other) => other.close()));
    }
  });
});
