import assert from 'node:assert/strict';
import { file_feast_core_DataSource } from '../../adapters/feast/gen/feast/core/DataSource_pb.ts';
import { file_feast_core_Entity } from '../../adapters/feast/gen/feast/core/Entity_pb.ts';
import { file_feast_core_Feature } from '../../adapters/feast/gen/feast/core/Feature_pb.ts';
import { file_feast_core_FeatureService } from '../../adapters/feast/gen/feast/core/FeatureService_pb.ts';
import { file_feast_core_FeatureView } from '../../adapters/feast/gen/feast/core/FeatureView_pb.ts';
import { file_feast_core_LabelView } from '../../adapters/feast/gen/feast/core/LabelView_pb.ts';
import { file_feast_core_OnDemandFeatureView } from '../../adapters/feast/gen/feast/core/OnDemandFeatureView_pb.ts';
import { file_feast_core_StreamFeatureView } from '../../adapters/feast/gen/feast/core/StreamFeatureView_pb.ts';
import { file_feast_core_FeatureViewProjection } from '../../adapters/feast/gen/feast/core/FeatureViewProjection_pb.ts';
import { file_feast_core_FeatureViewVersion } from '../../adapters/feast/gen/feast/core/FeatureViewVersion_pb.ts';
import { file_feast_core_Registry } from '../../adapters/feast/gen/feast/core/Registry_pb.ts';
import { file_feast_core_Project } from '../../adapters/feast/gen/feast/core/Project_pb.ts';
import { file_feast_types_Value } from '../../adapters/feast/gen/feast/types/Value_pb.ts';
import { createRedisOnlineStore } from '../../adapters/redis/online-store.ts';
import { selectFeatures, snapshotView } from '../../domain/features/resolve.ts';
import type { FeatureRegistry } from '../../ports/feature-registry.ts';
import { repository } from '../adapters/feast/registry/repository.ts';
import { allMessages, describeSchema, fieldFacts } from './feast/facts.ts';
import { pushed } from './feast/pushed-repository.ts';
import { createSide, hasFeast, redisConfig, type RegistrySide } from './feast/registry-side.ts';

interface Listing {
  readonly projects: readonly string[];
  readonly entities: readonly Record<string, unknown>[];
  readonly sources: readonly string[];
  readonly views: readonly ({ readonly name: string; readonly description: string } & Record<string, unknown>)[];
  readonly services: readonly Record<string, unknown>[];
  readonly versions: readonly (readonly [string, string])[];
}

describe("Feast's Python SDK", function () {
  this.timeout(120_000); // importing Feast takes seconds
  /** One whose registry we make, and one whose registry Feast makes. */
  let ours: RegistrySide;
  let theirs: RegistrySide;

  before(async function () {
    if (!hasFeast()) return this.skip();
    [ours, theirs] = [await createSide(), await createSide()];
  });
  after(async () => {
    for (const side of [ours, theirs]) await side?.close();
  });

  const registryOf = (side: RegistrySide, project: string): FeatureRegistry => side.registryOf(project);
  const feast = (command: string, side: RegistrySide, project: string, options?: unknown): Promise<unknown> => side.feast(command, project, options);

  it('has the field numbers and types of our proto text', async () => {
    const files = [file_feast_core_LabelView, file_feast_core_OnDemandFeatureView, file_feast_core_StreamFeatureView, file_feast_core_DataSource, file_feast_core_Entity, file_feast_core_Feature, file_feast_core_FeatureService, file_feast_core_FeatureView, file_feast_core_FeatureViewProjection, file_feast_core_Project, file_feast_core_FeatureViewVersion, file_feast_core_Registry, file_feast_types_Value];
    const messages = files.flatMap((file) => allMessages(file));
    const enums = [...files.flatMap((file) => file.enums), ...messages.flatMap((message) => message.nestedEnums)];
    const wanted = { files: files.map((file) => `${file.name}.proto`), messages: messages.map((message) => message.typeName), enums: enums.map((item) => item.typeName) };
    const facts = (await feast('descriptors', ours, 'none', wanted)) as { messages: Record<string, Record<string, unknown>>; enums: Record<string, Record<string, number>> };
    for (const message of messages) {
      for (const [name, fact] of Object.entries(fieldFacts(message))) assert.deepEqual(fact, facts.messages[message.typeName]?.[name], `${message.typeName}.${name}`);
    }
    for (const item of enums) {
      for (const value of item.values) assert.equal(facts.enums[item.typeName]?.[value.name], value.number, `${item.typeName}.${value.name}`);
    }
    assert.ok(messages.length > 20 && enums.length === 3);
  });

  it('lists what we apply, with its types, ttl and tags', async () => {
    const registry = registryOf(ours, 'listed');
    await registry.apply(repository);
    await registry.recordMaterialization('weather', 1_700_000_000_000_000, 1_700_003_600_123_456);
    const listing = (await feast('listing', ours, 'listed')) as Listing;
    assert.ok(listing.projects.includes('listed'));
    assert.deepEqual(listing.entities, [
      { name: 'airport', description: 'An airport of departure', owner: 'data@example.org', tags: { area: 'flights' }, joinKey: 'origin', type: 'STRING' },
      { name: 'carrier', description: '', owner: '', tags: {}, joinKey: 'carrier', type: 'INT64' },
    ]);
    assert.deepEqual(listing.sources, ['calendar_source', 'punctuality_source', 'weather_source']);
    assert.deepEqual(listing.views.find((view) => view.name === 'weather'), {
      name: 'weather',
      description: 'Weather at the airport',
      owner: 'weather@example.org',
      tags: { tier: 'gold', 'ml_pipeline.as_known': 'true' },
      entities: ['airport'],
      joinKeys: [['origin', 'String']],
      features: [
        { name: 'temp', type: 'Float64', description: 'Degrees Fahrenheit', tags: { unit: 'F', 'ml_pipeline.owner': 'weather@example.org' } },
        { name: 'gusty', type: 'Bool', description: '', tags: {} },
        { name: 'visib', type: 'Float32', description: '', tags: {} },
        { name: 'observed_at', type: 'UnixTimestamp', description: '', tags: {} },
      ],
      ttlSeconds: 21_600,
      online: true,
      intervals: [[1_700_000_000, 1_700_003_600.123456]],
      source: { kind: 'PostgreSQLSource', name: 'weather_source', table: 'feature_mart.weather', timestamp: 'event_timestamp', created: 'created_timestamp', mapping: { temperature: 'temp' }, description: 'Hourly observations' },
    });
    const punctuality = listing.views.find((view) => view.name === 'punctuality');
    assert.deepEqual([punctuality?.['joinKeys'], punctuality?.['ttlSeconds'], punctuality?.['online']], [[['carrier', 'Int64'], ['origin', 'String']], null, false]);
    assert.deepEqual(listing.services, [
      { name: 'delay_v1', description: 'Inputs of the delay model', owner: '', tags: {}, features: [['weather', ['visib', 'temp']], ['punctuality', ['flights', 'recent_delays']]] },
    ]);
    assert.deepEqual(listing.versions, [['v0', 'feature_view']]);
  });

  it('joins historical features with our registry', async () => {
    await registryOf(ours, 'joined').apply(repository);
    await ours.client.query(`
      CREATE SCHEMA IF NOT EXISTS feature_mart;
      CREATE TABLE feature_mart.weather (origin text, temperature float8, gusty bool, visib float4, observed_at timestamptz, event_timestamp timestamptz, created_timestamp timestamptz);
      CREATE TABLE feature_mart.punctuality (carrier int8, origin text, flights int4, recent_delays int8[], event_timestamp timestamptz);
      INSERT INTO feature_mart.weather VALUES
        ('JFK', 30, true, 1.5, '2026-01-01T00:00Z', '2026-01-01T00:00Z', '2026-01-01T01:00Z'), ('JFK', 40, false, 2.5, '2026-01-01T02:00Z', '2026-01-01T02:00Z', '2026-01-01T03:00Z');
      INSERT INTO feature_mart.punctuality VALUES (7, 'JFK', 12, '{1,2}', '2025-01-01T00:00Z');`);
    const rows = [
      { row: 0, origin: 'JFK', carrier: 7, event_timestamp: '2026-01-01T01:30:00Z' },
      { row: 1, origin: 'JFK', carrier: 7, event_timestamp: '2026-01-01T08:00:00Z' },
      { row: 2, origin: 'JFK', carrier: 8, event_timestamp: '2026-01-01T08:00:01Z' },
    ];
    assert.deepEqual(await feast('historical', ours, 'joined', { service: 'delay_v1', rows }), [
      { row: 0, origin: 'JFK', carrier: 7, visib: 1.5, temp: 30, flights: 12, recent_delays: [1, 2] },
      { row: 1, origin: 'JFK', carrier: 7, visib: 2.5, temp: 40, flights: 12, recent_delays: [1, 2] },
      { row: 2, origin: 'JFK', carrier: 8, visib: null, temp: null, flights: null, recent_delays: null },
    ]);
  });

  it('keeps what is ours when it rewrites a view', async () => {
    const registry = registryOf(ours, 'rewritten');
    await registry.apply(repository);
    await registry.recordMaterialization('weather', 1_000_000, 2_000_000);
    await feast('rewrite', ours, 'rewritten');
    const weather = (await registry.featureViews()).find(({ view }) => view.name === 'weather');
    assert.deepEqual({ ...weather?.view }, { ...repository.featureViews[0], ttlSeconds: 77, description: 'Weather at the airport (rewritten)' });
    assert.deepEqual(weather?.materializationIntervals, [{ startMicros: 1_000_000, endMicros: 2_000_000 }]);
  });

  it('lists push sources, tombstones, aliases and renamed join keys that we apply, and leaves every row as it is when it applies the same', async () => {
    await registryOf(ours, 'exchanged').apply(pushed);
    const listing = (await feast('listing', ours, 'exchanged')) as Listing & { readonly dataSources: unknown; readonly pushed: unknown };
    assert.deepEqual(listing.dataSources, [
      { name: 'weather_push', kind: 'PushSource', owner: 'pusher', batch: 'weather_table', tags: { a: 'b' } },
      { name: 'weather_table', kind: 'PostgreSQLSource', owner: '', batch: null, tags: { 'ml_pipeline.deleted_column': 'gone', 'ml_pipeline.lateness_seconds': '60' } },
    ]);
    assert.deepEqual(listing.pushed, [['weather', 'weather_push']]);
    assert.deepEqual(listing.services.map((service) => service['features']), [
      [['weather', ['temp', 'wind'], { alias: 'origin_weather' }], ['weather', ['temp'], { alias: 'dest_weather', joinKeyMap: { origin: 'dest' } }]],
    ]);
    const rows = async (): Promise<unknown> => (await ours.client.query("SELECT feature_view_proto FROM feast_registry.feature_views WHERE project_id = 'exchanged'")).rows;
    const before = await rows();
    await feast('refresh', ours, 'exchanged', { views: ['weather'] });
    assert.deepEqual(await rows(), before);
  });

  it('joins and serves through the aliases and renamed join keys of our service', async () => {
    await registryOf(ours, 'aliased').apply(pushed);
    await ours.client.query(`
      CREATE SCHEMA IF NOT EXISTS feature_mart;
      CREATE TABLE feature_mart.pushed (origin text, temp float8, wind float8, gone bool, event_timestamp timestamptz);
      INSERT INTO feature_mart.pushed VALUES ('JFK', 30, 3, false, '2026-01-01T00:00Z'), ('EWR', 40, 4, false, '2026-01-01T00:00Z');`);
    const rows = [{ row: 0, origin: 'JFK', dest: 'EWR', event_timestamp: '2026-01-01T01:00:00Z' }];
    assert.deepEqual(await feast('historical', ours, 'aliased', { service: 'routes_v1', rows, full: true }), [
      { row: 0, origin: 'JFK', dest: 'EWR', origin_weather__temp: 30, origin_weather__wind: 3, dest_weather__temp: 40 },
    ]);
    const store = createRedisOnlineStore({ ...(await redisConfig()), project: 'aliased', keyTtlSeconds: 60 });
    try {
      const view = snapshotView(pushed, 'weather');
      const column = (name: string, values: readonly number[]) => ({ name, type: 'Float64', values: Float64Array.from(values), nulls: null }) as const;
      const event = Float64Array.of(Date.now() * 1000, Date.now() * 1000);
      const columns = [{ name: 'origin', type: 'String', values: ['JFK', 'EWR'], nulls: null } as const, column('temp', [1, 2]), column('wind', [5, 6]), { name: 'event_timestamp', type: 'Timestamp', values: event, nulls: null } as const, { name: 'created_timestamp', type: 'Timestamp', values: event, nulls: null } as const];
      await store.write(view, { rowCount: 2, columns });
      const answer = await feast('online', ours, 'aliased', { service: 'routes_v1', rows: [{ origin: 'JFK', dest: 'EWR' }] });
      assert.deepEqual(answer, { origin: ['JFK'], dest: ['EWR'], origin_weather__temp: [1], origin_weather__wind: [5], dest_weather__temp: [2] });
      await store.remove(view);
    } finally {
      await store.close();
    }
  });

  describe('a registry that it made', () => {
    before(async () => {
      await theirs.client.query('CREATE SCHEMA feast_registry');
      await feast('apply', theirs, 'shared');
    });

    it('holds definitions that we list', async () => {
      const registry = registryOf(theirs, 'shared');
      assert.deepEqual(await registry.entities(), [{ name: 'airport', joinKey: 'origin', valueType: 'String', description: 'by Feast', tags: { k: 'v' } }]);
      const [weather] = await registry.featureViews();
      const source = { name: 'weather_source', table: 'feature_mart.weather', timestampField: 'event_timestamp', createdTimestampColumn: 'created_timestamp', fieldMapping: { temperature: 'temp' } };
      const features = [...(weather?.view.features ?? [])].sort((a, b) => (a.name < b.name ? -1 : 1));
      assert.deepEqual(features, [{ name: 'codes', type: 'Array(Int64)' }, { name: 'temp', type: 'Float64', description: 'F' }]);
      assert.deepEqual({ ...weather?.view, features: [] }, { name: 'weather', entities: ['airport'], features: [], ttlSeconds: 21_600, source, owner: 'someone', tags: { tier: 'gold' } });
      assert.deepEqual(await registry.featureServices(), [{ name: 'delay_v1', features: [{ view: 'weather', features: ['temp'] }], owner: 'someone' }]);
    });

    it('is used whatever it holds: push sources, aliases, keys typed by the views; what cannot be used is named with the reason', async () => {
      await feast('exchange', theirs, 'exchange');
      const registry = registryOf(theirs, 'exchange');
      const contents = await registry.contents();
      assert.deepEqual(contents.entities.map(({ name, joinKey, valueType }) => [name, joinKey, valueType]), [['airport', 'origin', 'String'], ['driver', 'driver_id', 'Int64']]);
      assert.deepEqual(contents.featureViews.map(({ name }) => name), ['driver-trips', 'weather', 'world']);
      const weather = snapshotView(contents, 'weather');
      const source = { name: 'weather_table', table: 'feature_mart.weather', timestampField: 'event_timestamp', createdTimestampColumn: 'created_timestamp', fieldMapping: { temperature: 'temp' } };
      assert.deepEqual([weather.joinKeys, weather.source, weather.ttlSeconds], [[{ name: 'origin', type: 'String' }], source, 21_600]);
      assert.deepEqual(contents.featureViews.find(({ name }) => name === 'weather')?.pushSource, { name: 'weather_push', owner: 'pusher' });
      assert.deepEqual(snapshotView(contents, 'driver-trips').joinKeys, [{ name: 'driver_id', type: 'Int64' }]);
      assert.deepEqual([snapshotView(contents, 'world').joinKeys, snapshotView(contents, 'driver-trips').ttlSeconds], [[], null]);
      assert.deepEqual(contents.featureServices.find(({ name }) => name === 'routes_v1'), {
        name: 'routes_v1',
        owner: 'someone',
        features: [{ view: 'weather', features: ['temp'], alias: 'origin_weather' }, { view: 'weather', features: ['temp'], alias: 'dest_weather', joinKeyMap: { origin: 'dest' } }, { view: 'driver-trips', features: ['trips'] }],
      });
      assert.deepEqual(contents.unusable.map(({ kind, name }) => [kind, name]), [['on-demand feature view', 'warmth'], ['feature view', 'mapped'], ['feature view', 'queried']]);
      assert.deepEqual(contents.dataSources.map(({ name, kind, table }) => [name, kind, table]), [
        ['a_query', 'query', undefined], ['asked', 'request', undefined], ['maps', 'table', 'feature_mart.maps'], ['trips', 'table', 'feature_mart.trips'],
        ['weather_push', 'push', 'feature_mart.weather'], ['weather_table', 'table', 'feature_mart.weather'], ['world_source', 'table', 'feature_mart.world'],
      ]);
      assert.throws(() => selectFeatures(contents, { featureService: 'computed_v1' }), /"warmth" is an on-demand feature view that another program applied.*Python function/);
      assert.throws(() => selectFeatures(contents, { features: ['queried:trips'] }), /is a query, not a table\. Make a view of the query/);
    });

    it('keeps what Python alone can make, with all that it needs, when we apply', async () => {
      const rows = async (): Promise<unknown> => (await theirs.client.query("SELECT * FROM feast_registry.on_demand_feature_views WHERE project_id = 'exchange'")).rows;
      const before = await rows();
      const plan = await registryOf(theirs, 'exchange').apply(pushed);
      assert.deepEqual(await rows(), before);
      const removed = plan.changes.filter(({ action }) => action === 'remove').map(({ kind, name }) => `${kind} ${name}`);
      assert.deepEqual(removed, ['data source a_query', 'data source maps', 'data source trips', 'feature view driver-trips', 'feature view mapped', 'feature view queried', 'entity driver']);
      assert.deepEqual(plan.kept, [{ kind: 'feature view', name: 'world', detail: 'read by on-demand feature view warmth' }]);
      const listing = (await feast('listing', theirs, 'exchange')) as Listing;
      assert.deepEqual(listing.services.map(({ name }) => name).sort(), ['computed_v1', 'routes_v1']);
    });

    it('keeps fields that we do not know when we change its view', async () => {
      const plan = await registryOf(theirs, 'shared').apply(repository);
      assert.ok(plan.changes.some(({ kind, name, action }) => kind === 'feature view' && name === 'weather' && action === 'change'));
      const { rows } = await theirs.client.query<{ message: Buffer }>("SELECT feature_view_proto AS message FROM feast_registry.feature_views WHERE project_id = 'shared' AND feature_view_name = 'weather'");
      assert.ok(rows[0]?.message.includes(Buffer.from([0x9a, 0x01, 3, ...Buffer.from('ads')])), 'org, field 19, which our proto text does not have');
      assert.ok(rows[0]?.message.includes(Buffer.from([13 << 3, 1])), 'offline, field 13');
    });

    it('has the tables that we make', async () => {
      await registryOf(ours, 'tables').apply(repository);
      assert.deepEqual(await describeSchema(ours.client), await describeSchema(theirs.client));
    });
  });
});
