import assert from 'node:assert/strict';
import { PipelineError } from '../../../domain/errors.ts';
import { defineEntity, defineFeatureRepository, defineFeatureService, defineFeatureView } from '../../../domain/features/define.ts';
import { type FeatureRequest, selectFeatures, snapshotView } from '../../../domain/features/resolve.ts';

const airport = defineEntity({ name: 'airport', joinKey: 'origin', valueType: 'String' });
const carrier = defineEntity({ name: 'carrier', joinKey: 'carrier_code', valueType: 'Int32' });
const source = (name: string): { name: string; table: string; timestampField: string } => ({ name, table: `feature_mart.${name}`, timestampField: 'event_timestamp' });
const weather = defineFeatureView({ name: 'weather', entities: [airport], features: [{ name: 'temp', type: 'Float64' }, { name: 'mean', type: 'Float64' }], ttlSeconds: 60, source: source('weather') });
const delays = defineFeatureView({ name: 'delays', entities: [carrier, airport], features: [{ name: 'mean', type: 'Float32' }], ttlSeconds: null, source: source('delays'), online: false });
const service = defineFeatureService({ name: 'delay_v1', features: [{ view: delays }, { view: weather, features: ['temp'] }] });
const repository = defineFeatureRepository({ entities: [airport, carrier], featureViews: [weather, delays], featureServices: [service] });

const columns = (request: FeatureRequest): string[] => selectFeatures(repository, request).columns.map((selected) => selected.column);
function refusal(request: FeatureRequest): PipelineError {
  try {
    selectFeatures(repository, request);
  } catch (error) {
    assert.ok(error instanceof PipelineError);
    return error;
  }
  return assert.fail('it was accepted');
}

describe('a snapshot of a feature view', () => {
  it('holds its join keys in entity order, and every default', () => {
    const { name, features, ttlSeconds } = delays;
    const joinKeys = [{ name: 'carrier_code', type: 'Int32' }, { name: 'origin', type: 'String' }];
    assert.deepEqual(snapshotView(repository, 'delays'), { name, joinKeys, features, ttlSeconds, source: delays.source, online: false, asKnown: false });
    assert.equal(snapshotView(repository, 'weather').online, true);
    const snapshot = snapshotView(repository, 'weather');
    assert.deepEqual(JSON.parse(JSON.stringify(snapshot)), snapshot);
  });

  it('is refused for a view that is not there, with the nearest name', () => {
    assert.throws(() => snapshotView(repository, 'wether'), (error) => error instanceof PipelineError && error.code === 'NOT_FOUND' && error.message.includes('Did you mean "weather"?'));
  });
});

describe('a selection of features', () => {
  it('follows the order of the service, all features of a view where it names none', () => {
    const selection = selectFeatures(repository, { featureService: 'delay_v1' });
    assert.deepEqual(selection.columns, [{ view: 'delays', feature: 'mean', column: 'mean' }, { view: 'weather', feature: 'temp', column: 'temp' }]);
    assert.deepEqual(selection.views.map((view) => view.name), ['delays', 'weather']);
  });

  it('calls a column after its view only where two selected features share a name', () => {
    assert.deepEqual(columns({ features: ['weather:mean', 'weather:temp', 'delays:mean'] }), ['weather__mean', 'temp', 'delays__mean']);
    assert.deepEqual(columns({ features: ['weather:mean', 'weather:temp'] }), ['mean', 'temp']);
  });

  it('is refused with every problem at once', () => {
    const { code, problems } = refusal({ features: ['temp', 'wether:temp', 'weather:tmp', 'delays:mean', 'delays:mean'] });
    assert.equal(code, 'INVALID_INPUT');
    assert.deepEqual(
      problems.map((problem) => `${problem.path}: ${problem.message} ${problem.cure ?? ''}`),
      [
        'features "temp": This is not a feature reference. Write view:feature.',
        'features wether:temp: There is no feature view "wether". Did you mean "weather"?',
        'features weather:tmp: Feature view "weather" has no feature "tmp". Did you mean "temp"?',
        'features delays:mean: It is asked for more than once. Keep one of them.',
      ],
    );
  });

  it('is refused for an unknown service, and for no feature at all', () => {
    assert.equal(refusal({ featureService: 'delay_v2' }).message, 'There is no feature service "delay_v2". Did you mean "delay_v1"?');
    assert.match(refusal({ features: [] }).message, /No feature is asked for/);
  });

  it('takes a view under aliases, each with columns of the spine for its join keys, and names features apart by them', () => {
    const twice = defineFeatureService({ name: 'twice', features: [{ view: weather, features: ['temp'], alias: 'from', joinKeyMap: {} }, { view: weather, alias: 'to', joinKeyMap: { origin: 'dest' } }, { view: delays }] });
    const selection = selectFeatures({ ...repository, featureServices: [twice] }, { featureService: 'twice' });
    assert.deepEqual(selection.columns, [
      { view: 'from', feature: 'temp', column: 'from__temp' }, { view: 'to', feature: 'temp', column: 'to__temp' }, { view: 'to', feature: 'mean', column: 'to__mean' }, { view: 'delays', feature: 'mean', column: 'delays__mean' },
    ]);
    assert.deepEqual(selection.views.map((view) => [view.name, view.alias, view.joinKeyMap]), [['weather', 'from', {}], ['weather', 'to', { origin: 'dest' }], ['delays', undefined, undefined]]);
  });

  it('is refused where one name stands for two things', () => {
    const service = { name: 'odd', features: [{ view: 'weather', features: ['temp'] }, { view: 'weather', features: ['mean'], joinKeyMap: { origin: 'dest' } }, { view: 'delays', alias: 'weather' }] };
    assert.throws(() => selectFeatures({ ...repository, featureServices: [service] }, { featureService: 'odd' }), (error) => {
      assert.ok(error instanceof PipelineError);
      assert.deepEqual(error.problems.map(({ message, cure }) => `${message} ${cure}`), [
        'The service takes two different things under this name. Give one of them an alias of its own.',
        'The service takes two different things under this name. Give one of them an alias of its own.', 'Feature view "delays" has no feature "temp". There is: mean.', 'It is asked for more than once. Keep one of them.',
      ]);
      return true;
    });
  });
});
