import assert from 'node:assert/strict';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { createFieldKeys } from '../../adapters/feast/codec/field-keys.ts';
import { FeatureViewSchema, FeatureViewSpecSchema, FeatureViewState } from '../../adapters/feast/gen/feast/core/FeatureView_pb.ts';
import { LabelViewSchema } from '../../adapters/feast/gen/feast/core/LabelView_pb.ts';
import { OnDemandFeatureViewSchema } from '../../adapters/feast/gen/feast/core/OnDemandFeatureView_pb.ts';
import { StreamFeatureViewSchema } from '../../adapters/feast/gen/feast/core/StreamFeatureView_pb.ts';
import { PipelineError } from '../../domain/errors.ts';
import type { FeatureRepository } from '../../domain/features/definitions.ts';
import { snapshotView } from '../../domain/features/resolve.ts';
import type { FeatureRegistry } from '../../ports/feature-registry.ts';
import { repository } from '../adapters/feast/registry/repository.ts';
import type { FeatureRegistryHarness } from './feature-registry-harness.ts';

const weather = repository.featureViews[0]!;
const punctuality = repository.featureViews[1]!;

/** Two names whose `calendar:<name>` have one hash of 32 bits: some 80,000 names hold such a pair. */
function collidingFeatures(): readonly string[] {
  const keys = createFieldKeys('calendar');
  const seen = new Map<string, string>();
  for (let n = 0; ; n++) {
    const [name, key] = [`f${n}`, keys.feature(`f${n}`).toString('hex')];
    const other = seen.get(key);
    if (other !== undefined) return [other, name];
    seen.set(key, name);
  }
}

/** What every registry of definitions has to do. `open` gives an empty one. */
export function describeFeatureRegistryContract(title: string, open: () => Promise<FeatureRegistryHarness>): void {
  describe(`${title} as a registry of definitions`, () => {
    let harness: FeatureRegistryHarness;
    let registry: FeatureRegistry;
    let project: string;
    let count = 0;

    before(async () => {
      harness = await open();
    });
    after(() => harness.close());
    beforeEach(() => {
      project = `project_${count++}`;
      registry = harness.connect(project);
    });
    afterEach(() => registry.close());

    const viewMessage = (name: string): Promise<Uint8Array> => harness.message(project, 'feature view', name);
    const versions = (name: string): Promise<number[]> => harness.versions(project, name);
    const withView = (index: number, change: object): FeatureRepository => ({
      ...repository,
      featureViews: repository.featureViews.map((view, at) => (at === index ? { ...view, ...change } : view)),
    });

    it('is empty before anything was applied, and planning writes nothing', async () => {
      for (let times = 1; times <= 2; times += 1) {
        assert.deepEqual([await registry.entities(), await registry.featureViews(), await registry.featureServices()], [[], [], []]);
        assert.equal((await registry.plan(repository)).changes.length, 3 + 3 + 3 + 1);
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
      const rows = (): Promise<unknown> => harness.writings(project);
      const before = await rows();
      const plan = await registry.apply(repository);
      assert.deepEqual(plan, { changes: [], unchanged: 10, kept: [], online: [] });
      assert.deepEqual(await rows(), before);
    });

    it('says what a change is, and keeps the time of creation, intervals and fields it does not know', async () => {
      await registry.apply(repository);
      await registry.recordMaterialization('weather', 1_000_000, 2_000_001);
      const unknown = Buffer.from([0x9a, 0x01, 3, 0x61, 0x64, 0x73]); // field 19 of the spec (org), text "ads"
      const stored = fromBinary(FeatureViewSchema, await viewMessage('weather'));
      assert.ok(stored.spec);
      stored.spec = fromBinary(FeatureViewSpecSchema, Buffer.concat([toBinary(FeatureViewSpecSchema, stored.spec), unknown]));
      await harness.rewrite(project, 'feature view', 'weather', toBinary(FeatureViewSchema, stored));
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
      assert.ok(Buffer.from(await viewMessage('weather')).includes(unknown));
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
      assert.equal(fromBinary(FeatureViewSchema, await viewMessage('weather')).meta?.currentVersionNumber, 1);
    });

    it('removes what the repository does not name, and nothing that is not its own', async () => {
      await registry.apply(repository);
      await harness.addOtherView(project, 'on_demand_feature_views', 'squared', new Uint8Array());
      const smaller = { ...repository, featureViews: [weather], featureServices: [] };
      const plan = await registry.apply(smaller);
      assert.deepEqual(
        plan.changes.map(({ action, kind, name }) => `${action} ${kind} ${name}`),
        ['remove data source calendar_source', 'remove data source punctuality_source', 'remove feature view calendar', 'remove feature view punctuality', 'remove feature service delay_v1'],
      );
      assert.deepEqual((await registry.featureViews()).map(({ view }) => view.name), ['weather']);
      assert.deepEqual(await versions('calendar'), []);
      assert.equal((await harness.otherViews(project, 'on_demand_feature_views')).length, 1);
    });

    it('keeps stream and label views of Python, with the entities, sources and services that they need', async () => {
      const { featureServices: _, ...rest } = repository;
      await registry.apply(repository);
      const batch = (name: string) => ({ name, dataSourceClassType: 'x' });
      const stream = toBinary(StreamFeatureViewSchema, create(StreamFeatureViewSchema, { spec: { name: 'clicks', entities: ['carrier'], batchSource: batch('punctuality_source'), features: [{ name: 'n', valueType: 4 }] } }));
      const labels = toBinary(LabelViewSchema, create(LabelViewSchema, { spec: { name: 'marked', entities: ['carrier'], source: batch('calendar_source') } }));
      await harness.addOtherView(project, 'stream_feature_views', 'clicks', stream);
      await harness.addOtherView(project, 'label_views', 'marked', labels);
      const airport = repository.entities.filter(({ name }) => name === 'airport');
      const plan = await registry.apply({ ...rest, entities: airport, featureViews: [weather], featureServices: [] });
      assert.deepEqual(plan.changes.map(({ action, kind, name }) => `${action} ${kind} ${name}`), ['remove feature view calendar', 'remove feature view punctuality', 'remove feature service delay_v1']);
      const [kept] = await harness.otherViews(project, 'stream_feature_views');
      assert.deepEqual(fromBinary(StreamFeatureViewSchema, kept!).spec?.features, fromBinary(StreamFeatureViewSchema, stream).spec?.features);
      const { unusable } = await registry.contents();
      assert.deepEqual(unusable.map(({ kind, name, features }) => [kind, name, features]), [['stream feature view', 'clicks', ['n']], ['label view', 'marked', []]]);
      assert.ok(unusable.every(({ reason }) => reason.length > 20));
    });

    it('keeps views that an on-demand view of Python reads, with their entities and sources, and says so', async () => {
      await registry.apply(repository);
      const older = { source: { case: 'featureView', value: { spec: { name: 'punctuality' } } } } as const;
      const sources = { calendar: { source: { case: 'featureViewProjection', value: { featureViewName: 'calendar' } } }, older, asked: {} } as const;
      const odfv = toBinary(OnDemandFeatureViewSchema, create(OnDemandFeatureViewSchema, { spec: { name: 'odfv', sources } }));
      await harness.addOtherView(project, 'on_demand_feature_views', 'odfv', odfv);
      const smaller = { ...repository, entities: repository.entities.filter(({ name }) => weather.entities.includes(name)), featureViews: [weather], featureServices: [] };
      const plan = await registry.apply(smaller);
      assert.deepEqual(plan.changes.map(({ action, kind, name }) => `${action} ${kind} ${name}`), ['remove feature service delay_v1']);
      assert.deepEqual(plan.kept, ['calendar', 'punctuality'].map((name) => ({ kind: 'feature view', name, detail: 'read by on-demand feature view odfv' })));
      assert.deepEqual(plan.online, []);
      assert.deepEqual((await registry.featureViews()).map(({ view }) => view.name), ['calendar', 'punctuality', 'weather']);
      await harness.removeOtherViews(project, 'on_demand_feature_views');
      const { changes, kept } = await registry.plan(smaller);
      assert.deepEqual(changes.filter(({ kind }) => kind === 'feature view').map(({ action, name }) => `${action} ${name}`), ['remove calendar', 'remove punctuality']);
      assert.deepEqual(kept, []);
    });

    it("refuses a view's name that another kind of view has", async () => {
      await registry.apply({ ...repository, featureViews: [], featureServices: [] });
      await harness.addOtherView(project, 'on_demand_feature_views', 'weather', new Uint8Array());
      await assert.rejects(registry.apply(repository), (error) => error instanceof PipelineError && error.code === 'CONFLICT' && error.message.includes('on-demand feature view'));
      assert.deepEqual(await registry.featureViews(), []);
    });

    it('records a materialization once and marks the view as served', async () => {
      await registry.apply(repository);
      await registry.recordMaterialization('punctuality', 5, 1_700_000_000_123_456);
      const row = await viewMessage('punctuality');
      await registry.recordMaterialization('punctuality', 5, 1_700_000_000_123_456);
      assert.deepEqual(await viewMessage('punctuality'), row);
      assert.equal(fromBinary(FeatureViewSchema, row).meta?.state, FeatureViewState.AVAILABLE_ONLINE);
      const view = (await registry.featureViews()).find((registered) => registered.view.name === 'punctuality');
      assert.deepEqual(view?.materializationIntervals, [{ startMicros: 5, endMicros: 1_700_000_000_123_456 }]);
      await assert.rejects(registry.recordMaterialization('punctualty', 1, 2), /Did you mean "punctuality"\?/);
    });

    it('changes nothing when more would change than was shown, but accepts that another process did a part of it', async () => {
      const shown = await registry.plan(repository);
      await registry.apply({ ...repository, featureServices: [] });
      assert.deepEqual((await registry.apply(repository, shown)).changes.map(({ kind, name }) => `${kind} ${name}`), ['feature service delay_v1']);
      const less = withView(0, { description: 'Other words' });
      const planned = await registry.plan(less);
      await registry.apply(withView(0, { ttlSeconds: 5 }));
      await assert.rejects(registry.apply(less, planned), (error) => error instanceof PipelineError && error.code === 'CONFLICT' && /more would change now than was shown/.test(error.message));
      assert.equal((await registry.featureViews()).find(({ view }) => view.name === 'weather')?.view.ttlSeconds, 5);
    });

    it('takes no materialization of an earlier definition for one of the present', async () => {
      await registry.apply(repository);
      const earlier = snapshotView(await registry.contents(), 'weather');
      await registry.recordMaterialization('weather', 1, 2, earlier);
      await registry.apply(withView(0, { description: 'Other words', ttlSeconds: 5 }));
      await registry.recordMaterialization('weather', 2, 3, earlier);
      await registry.apply(withView(0, { features: [...weather.features, { name: 'wind', type: 'Float64' }] }));
      await assert.rejects(registry.recordMaterialization('weather', 3, 4, earlier), (error) => error instanceof PipelineError && error.code === 'CONFLICT' && /was changed while it was materialized/.test(error.message));
      assert.deepEqual((await registry.featureViews()).find(({ view }) => view.name === 'weather')?.materializationIntervals, []);
    });

    it('keeps a mark with the intervals until a change of the definition makes what is online incomplete, or the view goes', async () => {
      const markOfWeather = async () => (await registry.featureViews()).find(({ view }) => view.name === 'weather')?.mark;
      const mark = { endMicros: 2_000_000, renewedMicros: 5_000_000 };
      await registry.apply(repository);
      await registry.recordMaterialization('weather', 1, 1_000_000);
      assert.equal(await markOfWeather(), undefined);
      await registry.recordMaterialization('weather', 1, 2_000_000, undefined, mark);
      await registry.recordMaterialization('weather', 1, 3_000_000);
      await registry.apply(withView(0, { description: 'Other words' }));
      assert.deepEqual(await markOfWeather(), mark);
      await registry.apply(withView(0, { features: [...weather.features, { name: 'wind', type: 'Float64' }] }));
      await registry.recordMaterialization('weather', 1, 3_000_000);
      assert.equal(await markOfWeather(), undefined, 'the interval of a part does not bring it back');
      await registry.recordMaterialization('weather', 1, 3_000_000, undefined, mark);
      await registry.apply({ ...repository, featureViews: [], featureServices: [] });
      await registry.apply(repository);
      await registry.recordMaterialization('weather', 1, 3_000_000);
      assert.equal(await markOfWeather(), undefined);
    });

    it('notes with a change which online values go, and forgets it only when they are gone', async () => {
      await registry.apply(repository);
      const before = snapshotView(await registry.contents(), 'weather');
      await registry.apply(withView(0, { features: [{ name: 'temp', type: 'Int64' }, ...weather.features.slice(1)] }));
      const asked: unknown[] = [];
      await assert.rejects(registry.removeOnlineValues((view) => (asked.push(view), Promise.reject(new Error('Redis is away')))), /Redis is away/);
      assert.deepEqual(await registry.removeOnlineValues((view) => Promise.resolve(asked.push(view))), ['weather']);
      assert.deepEqual(asked, [before, before], 'the view as it was');
      assert.deepEqual(await registry.removeOnlineValues(() => assert.fail('nothing is left')), []);
    });

    it('loses neither a change nor a materialization that come at once', async () => {
      await registry.apply(repository);
      const other = harness.connect(project);
      try {
        await Promise.all([0, 1, 2, 3].flatMap((n) => [registry.apply(withView(0, { description: `Words ${n}` })), other.recordMaterialization('weather', n * 10, n * 10 + 5)]));
        const { view, materializationIntervals } = (await registry.featureViews()).find((registered) => registered.view.name === 'weather')!;
        assert.match(view.description ?? '', /^Words \d$/);
        assert.deepEqual([...materializationIntervals].sort((a, b) => a.startMicros - b.startMicros), [0, 1, 2, 3].map((n) => ({ startMicros: n * 10, endMicros: n * 10 + 5 })));
      } finally {
        await other.close();
      }
    });

    it('refuses two features of one entity that the online store would keep in one field', async () => {
      const names = collidingFeatures();
      const twins = withView(2, { features: names.map((name) => ({ name, type: 'Int64' })) });
      await assert.rejects(registry.apply(twins), /in the same field as calendar:.*Rename one of the two/);
      assert.deepEqual(await registry.featureViews(), []);
    });

    it('loses nothing when several processes write at once', async () => {
      const others = Array.from({ length: 4 }, () => harness.connect(project));
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
}
