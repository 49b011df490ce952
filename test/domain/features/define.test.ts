import assert from 'node:assert/strict';
import { defineEntity, defineFeatureRepository, defineFeatureService, defineFeatureView } from '../../../domain/features/define.ts';
import { PipelineError } from '../../../domain/errors.ts';

const origin = defineEntity({ name: 'airport', joinKey: 'origin', valueType: 'String' });
const source = { name: 'weather_source', table: 'feature_mart.weather', timestampField: 'event_timestamp', createdTimestampColumn: 'created_timestamp' } as const;
const weather = defineFeatureView({
  name: 'weather',
  entities: [origin],
  features: [{ name: 'temp', type: 'Float64' }, { name: 'visib', type: 'Float64' }],
  ttlSeconds: 6 * 3600,
  source,
});

function problemsOf(act: () => unknown): readonly string[] {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof PipelineError);
    assert.equal(error.code, 'INVALID_DEFINITION');
    return error.problems.map((problem) => `${problem.path}: ${problem.message} ${problem.cure}`);
  }
  return [];
}

describe('feature definitions', () => {
  it('become frozen data that names entities and views', () => {
    const service = defineFeatureService({ name: 'flight_delay_v1', features: [{ view: weather, features: ['visib'] }] });
    assert.deepEqual(weather.entities, ['airport']);
    assert.deepEqual(service, { name: 'flight_delay_v1', features: [{ view: 'weather', features: ['visib'] }] });
    assert.ok(Object.isFrozen(weather) && Object.isFrozen(weather.features[0]) && Object.isFrozen(service.features));
    const repository = defineFeatureRepository({ entities: [origin], featureViews: [weather], featureServices: [service] });
    assert.ok(Object.isFrozen(repository.featureViews));
  });

  it('refuse a misspelt feature when compiled, and name the nearest when run', () => {
    // @ts-expect-error: the view has no such feature
    const problems = problemsOf(() => defineFeatureService({ name: 's', features: [{ view: weather, features: ['vizib'] }] }));
    assert.deepEqual(problems, ['feature service s.features.weather: The view has no feature "vizib". Did you mean "visib"?']);
  });

  it('refuse a type that is none when compiled, and name the nearest when run', () => {
    // @ts-expect-error: the type is called Float64
    const problems = problemsOf(() => defineFeatureView({ name: 'v', entities: [origin], features: [{ name: 'f', type: 'Flaot64' }], ttlSeconds: null, source }));
    assert.equal(problems.length, 1);
    assert.match(problems[0] ?? '', /"Flaot64" is not a value type. Did you mean "Float64"\?/);
  });
});
