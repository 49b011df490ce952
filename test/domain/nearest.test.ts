import assert from 'node:assert/strict';
import { nearest, suggestion } from '../../domain/nearest.ts';

describe('nearest', () => {
  const cases: readonly (readonly [name: string, candidates: readonly string[], expected: string | undefined])[] = [
    ['temp', ['time', 'temperature', 'tempo_of_day'], 'temperature'],
    ['Max_', ['min_depth', 'max_features', 'max_depth'], 'max_depth'],
    ['wether', ['weather', 'whether_late'], 'weather'],
    ['mdel', ['model', 'mode'], 'model'],
    ['trian', ['train', 'trials'], 'train'],
    ['te', ['temperature', 'tea'], 'tea'],
    ['humidity', ['temp', 'wind'], undefined],
    ['anything', [], undefined],
  ];
  for (const [name, candidates, expected] of cases) {
    it(`takes ${JSON.stringify(name)} among ${candidates.join(', ') || 'nothing'} for ${expected ?? 'none of them'}`, () => assert.equal(nearest(name, candidates), expected));
  }

  it('is said as a question, and all names are listed where none is near, or of many the nearest', () => {
    assert.equal(suggestion('temp', ['time', 'temperature']), 'Did you mean "temperature"?');
    assert.equal(suggestion('humidity', ['temp', 'wind']), 'There is: temp, wind.');
    assert.equal(suggestion('humidity', []), 'There is none.');
    const many = Array.from({ length: 40 }, (_, index) => `column_${String(index).padStart(2, '0')}`);
    assert.equal(suggestion('c_17', many), 'The nearest of 40: column_17, column_07, column_10, column_11, column_12.');
  });
});
