import assert from 'node:assert/strict';
import { describeDifference } from '../../../../adapters/feast/registry/difference.ts';

describe('what the plan says of a changed definition', () => {
  const difference = (before: object, after: object): string => describeDifference((message: object) => message, before, after);

  it('names what a feature service takes anew, no more or otherwise, by view or by the alias of one', () => {
    const before = { name: 'flights', features: [{ view: 'weather', features: ['temp'] }, { view: 'weather', alias: 'dest_weather', features: ['temp'] }, { view: 'plane_info' }] };
    const after = { name: 'flights', features: [{ view: 'weather', features: ['temp'] }, { view: 'weather', alias: 'dest_weather', features: ['temp', 'wind'] }, { view: 'carrier_stats' }] };
    assert.equal(difference(before, after), 'features: +carrier_stats -plane_info ~dest_weather');
  });

  it('names the features of a view by their names, and tells another order', () => {
    const [temp, wind] = [{ name: 'temp', type: 'Float64' }, { name: 'wind', type: 'Float64' }];
    assert.equal(difference({ features: [temp] }, { features: [{ ...temp, type: 'Float32' }, wind] }), 'features: +wind ~temp');
    assert.equal(difference({ features: [temp, wind] }, { features: [wind, temp] }), 'features: another order');
  });

  it('shows both values of what has no names, also where two go by one name', () => {
    assert.equal(difference({ ttlSeconds: 60, entities: ['a'] }, { ttlSeconds: null, entities: ['b'] }), 'ttlSeconds: 60 -> null; entities: ["a"] -> ["b"]');
    const twice = [{ view: 'weather', features: ['temp'] }, { view: 'weather', features: ['wind'] }];
    assert.equal(difference({ features: twice }, { features: twice.slice(1) }), `features: ${JSON.stringify(twice)} -> ${JSON.stringify(twice.slice(1))}`);
  });
});
