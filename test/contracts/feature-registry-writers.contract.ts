import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { PipelineError, type ErrorCode } from '../../domain/errors.ts';
import type { FeatureRepository, FeatureView } from '../../domain/features/definitions.ts';
import { snapshotView } from '../../domain/features/resolve.ts';
import type { FeatureRegistry } from '../../ports/feature-registry.ts';
import { repository } from '../adapters/feast/registry/repository.ts';
import type { FeatureRegistryHarness } from './feature-registry-harness.ts';

const weather = repository.featureViews[0]!;
const planned = snapshotView(repository, 'weather');
const withWeather = (change: Partial<FeatureView>): FeatureRepository => ({ ...repository, featureServices: [], featureViews: repository.featureViews.map((view) => (view === weather ? { ...view, ...change } : view)) });
const otherType = withWeather({ features: weather.features.map((feature) => (feature.name === 'visib' ? { ...feature, type: 'String' } : feature)) });
const refusedWith = (code: ErrorCode, text: RegExp) => (error: unknown): boolean => error instanceof PipelineError && error.code === code && text.test(error.message);

/** Work that ends when it is told to. */
function openGate(): { readonly open: () => void; readonly passed: Promise<void> } {
  let open = (): void => undefined;
  const passed = new Promise<void>((resolve) => (open = resolve));
  return { open, passed };
}

/** How writers and changes keep apart, whatever keeps them. */
export function describeWritersContract(title: string, open: () => Promise<FeatureRegistryHarness>): void {
  describe(`${title}: writers of online values, and a change of their view`, () => {
    let harness: FeatureRegistryHarness;
    let registry: FeatureRegistry;
    let count = 0;

    before(async () => {
      harness = await open();
    });
    after(() => harness.close());
    beforeEach(async () => {
      registry = harness.connect(`guarded_${count++}`);
      await registry.apply(repository);
    });
    afterEach(() => registry.close());

    const patience = (mostMillis: number, waited: string[] = []) => ({ mostMillis, onWait: (view: string) => void waited.push(view) });

    it('take turns: the change waits for rows that are under way, and rows of the earlier definition are refused after it', async () => {
      const gate = openGate();
      const order: string[] = [];
      const waited: string[] = [];
      const first = registry.whileDefined(planned, () => gate.passed.then(() => void order.push('written')));
      await sleep(100);
      const change = registry.withoutWriters(['weather'], patience(10_000, waited), async () => {
        order.push('changed');
        await registry.apply(otherType);
      });
      await sleep(200);
      const second = registry.whileDefined(planned, () => Promise.resolve(void order.push('written by the earlier definition')));
      const refused = assert.rejects(second, refusedWith('CONFLICT', /"weather" was changed since .*visib becomes String \(was Float32\).*ml-pipeline materialize --views weather/));
      await sleep(200);
      assert.deepEqual([order, waited], [[], ['weather']]);
      gate.open();
      await Promise.all([first, change, refused]);
      assert.deepEqual(order, ['written', 'changed']);
      assert.equal(await registry.whileDefined(snapshotView(otherType, 'weather'), () => Promise.resolve('new')), 'new');
    });

    it('write at the same time; other views, and other projects, are not waited for', async () => {
      const gate = openGate();
      const writers = [1, 2, 3].map(() => registry.whileDefined(planned, () => gate.passed));
      await sleep(100);
      assert.equal(await registry.withoutWriters(['calendar', 'punctuality'], patience(1), () => Promise.resolve('done')), 'done');
      const other = harness.connect('guarded_other');
      assert.equal(await other.withoutWriters(['weather'], patience(1), () => Promise.resolve('done')), 'done');
      await other.close();
      gate.open();
      await Promise.all(writers);
    });

    it('let the change give up: it is refused by the name of the view, and nothing was done', async () => {
      const gate = openGate();
      const writer = registry.whileDefined(planned, () => gate.passed);
      await sleep(100);
      const change = registry.withoutWriters(['calendar', 'weather'], patience(300), () => Promise.reject(new Error('was done')));
      await assert.rejects(change, refusedWith('CONFLICT', /Values of feature view "weather" are being written, and were still after 0.3 s; nothing was changed\..*--timeout/));
      gate.open();
      await writer;
    });

    it('go on where the change leaves what they write right, and not where the view is gone or online no more', async () => {
      const written = (): Promise<string> => registry.whileDefined(planned, () => Promise.resolve('written'));
      for (const harmless of [{ description: 'Other words' }, { ttlSeconds: 5 }, { features: [...weather.features, { name: 'wind', type: 'Float64' }] }, { features: weather.features.slice(0, 2) }] as const) {
        await registry.apply(withWeather(harmless));
        assert.equal(await written(), 'written', JSON.stringify(harmless));
      }
      await registry.apply(withWeather({ online: false }));
      await assert.rejects(written(), refusedWith('CONFLICT', /it is not online any more/));
      await registry.apply({ ...repository, featureServices: [], featureViews: repository.featureViews.slice(1) });
      await assert.rejects(written(), refusedWith('NOT_FOUND', /Feature view "weather" is not in the registry/));
    });

    it('are told when what holds their place is lost', async () => {
      const writer = registry.whileDefined(planned, (signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))));
      const lost = assert.rejects(writer, refusedWith('UNAVAILABLE', /connection was lost|could not be kept/));
      await sleep(200);
      assert.equal(await harness.breakLocks(), 1);
      await lost;
      assert.equal(await registry.withoutWriters(['weather'], patience(5_000), () => Promise.resolve('free')), 'free');
    });
  });
}
