import assert from 'node:assert/strict';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { FeatureServiceSchema } from '../../adapters/feast/gen/feast/core/FeatureService_pb.ts';
import type { FeatureRepository, OnDemandFeatureView } from '../../domain/features/definitions.ts';
import { PipelineError } from '../../domain/errors.ts';
import type { FeatureRegistry } from '../../ports/feature-registry.ts';
import { repository as stored } from '../adapters/feast/registry/repository.ts';
import type { FeatureRegistryHarness } from './feature-registry-harness.ts';

const chill: OnDemandFeatureView = {
  name: 'chill',
  inputs: [{ view: 'weather', features: ['temp', 'visib'] }],
  request: [{ name: 'speed', type: 'Float64', description: 'Miles per hour' }],
  asOf: true,
  features: [{ name: 'felt', type: 'Float64' }, { name: 'season', type: 'String' }],
  module: 'transforms/chill.ts',
  bundle: { source: 'one', sha256: '1'.repeat(64) },
  description: 'How cold it feels',
  tags: { tier: 'gold' },
};
const service = { name: 'chill_v1', features: [{ view: 'weather', features: ['visib'] }, { view: 'chill', features: ['felt'] }], tags: { team: 'a' } };
const repository: FeatureRepository = { ...stored, onDemandFeatureViews: [chill], featureServices: [...stored.featureServices, service] };

/** Definitions with functions, which no message of Feast's holds. */
export function describeOnDemandContract(title: string, open: () => Promise<FeatureRegistryHarness>): void {
  describe(`${title}: on-demand feature views`, () => {
    let harness: FeatureRegistryHarness;
    let registry: FeatureRegistry;
    before(async () => {
      harness = await open();
      registry = harness.connect('p');
    });
    after(async () => {
      await registry.close();
      await harness.close();
    });
    const message = async () => fromBinary(FeatureServiceSchema, await harness.message('p', 'feature service', 'chill_v1'));

    it('are written with the other definitions and read back, with their functions, and are unchanged the next time', async () => {
      const plan = await registry.apply(repository);
      assert.ok(plan.changes.some(({ kind, name, action }) => kind === 'on-demand feature view' && name === 'chill' && action === 'add'));
      const contents = await registry.contents();
      assert.deepEqual(contents.onDemandFeatureViews, [chill]);
      assert.deepEqual(contents.featureServices.find(({ name }) => name === 'chill_v1'), service);
      assert.deepEqual((await registry.plan(repository)).changes, []);
    });

    it('leave Feast a service of stored features, with those that the function needs, and nothing in its table of pickled functions', async () => {
      const { spec } = await message();
      assert.deepEqual(spec?.features.map(({ featureViewName, featureColumns }) => [featureViewName, featureColumns.map(({ name }) => name)]), [['weather', ['visib', 'temp']]]);
      assert.deepEqual(Object.keys(spec?.tags ?? {}).sort(), ['ml_pipeline.on_demand', 'team']);
      assert.deepEqual(await harness.otherViews('p', 'on_demand_feature_views'), []);
    });

    it('keep what another program adds to such a service', async () => {
      const changed = await message();
      changed.spec!.features[0]!.featureColumns.push({ ...changed.spec!.features[0]!.featureColumns[0]!, name: 'gusty' });
      await harness.rewrite('p', 'feature service', 'chill_v1', toBinary(FeatureServiceSchema, changed));
      assert.deepEqual((await registry.featureServices()).find(({ name }) => name === 'chill_v1')?.features, [{ view: 'weather', features: ['visib', 'gusty'] }, { view: 'chill', features: ['felt'] }]);
      await registry.apply(repository);
    });

    it('say in the plan what changes, a function by its hash, and what goes', async () => {
      const edited = { ...chill, features: chill.features.slice(0, 1), bundle: { source: 'two', sha256: '2'.repeat(64) } };
      const [change] = (await registry.plan({ ...repository, onDemandFeatureViews: [edited] })).changes.filter(({ kind }) => kind === 'on-demand feature view');
      assert.deepEqual(change, { kind: 'on-demand feature view', name: 'chill', action: 'change', detail: 'features: -season; function: "111111111111" -> "222222222222"' });
      const removed = (await registry.plan(stored)).changes.map(({ kind, name, action }) => `${action} ${kind} ${name}`);
      assert.deepEqual(removed, ['remove feature service chill_v1', 'remove on-demand feature view chill']);
    });

    it('are refused without a function, and under the name of another kind of view', async () => {
      const { bundle: _, ...bare } = chill;
      await assert.rejects(registry.apply({ ...repository, onDemandFeatureViews: [bare] }), (error: unknown) => error instanceof PipelineError && /chill: Its function \(transforms\/chill\.ts\) is not bundled/.test(error.message));
      await assert.rejects(registry.apply({ ...repository, onDemandFeatureViews: [{ ...chill, name: 'weather' }] }), /"weather" is there more than once/);
      assert.deepEqual((await registry.contents()).onDemandFeatureViews, [chill]);
    });
  });
}
