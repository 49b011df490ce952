import assert from 'node:assert/strict';
import { defineEntity, defineFeatureRepository, defineFeatureView } from '../../../domain/features/define.ts';
import type { FeatureRepository, FeatureView } from '../../../domain/features/definitions.ts';
import { selectFeatures } from '../../../domain/features/resolve.ts';
import { servedModelProblems, type ServedModel, unreadableModelProblems } from '../../../domain/features/served-models.ts';

const airport = defineEntity({ name: 'airport', joinKey: 'origin', valueType: 'String' });
const weather: FeatureView = defineFeatureView({
  name: 'weather',
  entities: [airport],
  features: [{ name: 'temp', type: 'Float64' }, { name: 'wind', type: 'Float64' }],
  ttlSeconds: 60,
  source: { name: 's', table: 'a.b', timestampField: 't' },
});
const before: FeatureRepository = defineFeatureRepository({ entities: [airport], featureViews: [weather], featureServices: [] });
const model: ServedModel = { name: 'delay', version: '3', aliases: ['champion', 'live'], features: selectFeatures(before, { features: ['weather:temp'] }) };
const withView = (change: Partial<FeatureView>): FeatureRepository => ({ ...before, featureViews: [{ ...weather, ...change }] });
const texts = (after: FeatureRepository, now = before): readonly string[] => servedModelProblems([model], now, after).map(({ path, message }) => `${path}: ${message}`);

describe('Served models', () => {
  const who = 'model delay version 3 (@champion, @live), feature view weather: ';
  const breaking: readonly (readonly [string, FeatureRepository, string])[] = [
    ['a view that goes', { ...before, featureViews: [] }, 'It reads temp of the view, which would not be there. There is none.'],
    ['a view that is renamed', withView({ name: 'weathers' }), 'It reads temp of the view, which would not be there. Did you mean "weathers"?'],
    ['a view that leaves the online store', withView({ online: false }), 'It reads temp of the view, which would not be online.'],
    ['a feature that goes', withView({ features: [{ name: 'wind', type: 'Float64' }] }), 'It reads feature temp, which would not be there.'],
    ['a type that changes', withView({ features: [{ name: 'temp', type: 'Int64' }] }), 'It reads feature temp as Float64; it would be Int64.'],
    ['a join key of another type', { ...before, entities: [{ ...airport, valueType: 'Int64' }] }, "It looks the view up by origin (String); the view's join keys would be origin (Int64)."],
  ];
  for (const [what, after, message] of breaking) {
    it(`are told of ${what}, by model, version, alias and feature`, () => assert.deepEqual(texts(after), [who + message]));
  }

  it('do not mind what they do not read', () => {
    assert.deepEqual(texts(withView({ features: [{ name: 'temp', type: 'Float64' }, { name: 'wind', type: 'Int64' }], ttlSeconds: 5, description: 'x' })), []);
  });

  it('are not held against a change that takes nothing from them', () => {
    const gone = { ...before, featureViews: [] };
    assert.deepEqual(texts(gone, gone), []);
  });

  it('are named by the settings where no alias names them', () => {
    const configured: readonly (readonly [ServedModel, string])[] = [
      [{ ...model, aliases: [], isConfigured: true }, 'model delay version 3 (api.model)'],
      [{ ...model, isConfigured: true }, 'model delay version 3 (@champion, @live, api.model)'],
      [{ name: 'runs:/ab/model', aliases: [], isConfigured: true, features: model.features }, 'model runs:/ab/model (api.model)'],
    ];
    for (const [served, who_] of configured) assert.deepEqual(servedModelProblems([served], before, { ...before, featureViews: [] }).map(({ path }) => path), [`${who_}, feature view weather`]);
  });

  it('that cannot be read may need whatever goes, and nothing of a change that takes nothing away', () => {
    const unreadable = { name: 'delay', version: '4', aliases: ['next'], reason: 'a file is gone' };
    const said = (after: FeatureRepository): readonly string[] => unreadableModelProblems([unreadable], before, after).map(({ path, message }) => `${path}: ${message}`);
    assert.deepEqual(said(withView({ features: [{ name: 'temp', type: 'Float64' }] })), ['model delay version 4 (@next): It cannot be read, so that nobody knows whether it needs what goes of weather: a file is gone']);
    assert.equal(said({ ...before, featureViews: [] }).length, 1);
    assert.deepEqual(said(withView({ ttlSeconds: 5, features: [...weather.features, { name: 'more', type: 'Int64' }] })), []);
    assert.deepEqual(unreadableModelProblems([unreadable], withView({ online: false }), { ...before, featureViews: [] }), [], 'nothing was served of it');
  });
});
