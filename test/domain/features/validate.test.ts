import assert from 'node:assert/strict';
import type { Entity, FeatureRepository, FeatureService, FeatureView, Field } from '../../../domain/features/definitions.ts';
import { repositoryProblems } from '../../../domain/features/validate.ts';
import { sourceTables, tableProblems, type DescribedColumn } from '../../../domain/features/validate-tables.ts';

const airport: Entity = { name: 'airport', joinKey: 'origin', valueType: 'String' };
const weather: FeatureView = {
  name: 'weather',
  entities: ['airport'],
  features: [{ name: 'temp', type: 'Float64' }, { name: 'observed_at', type: 'UnixTimestamp' }],
  ttlSeconds: 3600,
  source: { name: 'weather_source', table: 'feature_mart.weather', timestampField: 'event_timestamp', createdTimestampColumn: 'written_at', fieldMapping: { temperature: 'temp' } },
};
const service: FeatureService = { name: 'delay_v1', features: [{ view: 'weather', features: ['temp'] }] };
const repository: FeatureRepository = { entities: [airport], featureViews: [weather], featureServices: [service] };

const withEntity = (change: object): FeatureRepository => ({ ...repository, entities: [{ ...airport, ...change }] });
const withView = (change: object): FeatureRepository => ({ ...repository, featureViews: [{ ...weather, ...change }], featureServices: [] });
const withSource = (change: object): FeatureRepository => withView({ source: { ...weather.source, ...change } });
const withService = (change: object): FeatureRepository => ({ ...repository, featureServices: [{ ...service, ...change }] });
const text = (repo: FeatureRepository): string[] => repositoryProblems(repo).map((problem) => `${problem.path}: ${problem.message} ${problem.cure ?? ''}`);

describe('validation of feature definitions', () => {
  it('finds nothing wrong with right ones', () => {
    assert.deepEqual(text(repository), []);
    assert.deepEqual(text(withView({ ttlSeconds: null, entities: [] })), []);
  });

  const wrong: readonly [string, FeatureRepository, RegExp][] = [
    ['a name with a hyphen', withService({ name: 'delay-v1' }), /feature service delay-v1\.name: "delay-v1" is not a name/],
    ['a name that would make view__feature ambiguous', withView({ name: 'weather_' }), /Call it "weather"/],
    ['a name longer than a column', withView({ name: 'w'.repeat(64) }), /has 64 characters/],
    ['a join key type that has no entity key', withEntity({ valueType: 'Float64' }), /"Float64" is not possible here/],
    ['a join key that every read adds', withEntity({ joinKey: 'event_timestamp' }), /a column that every read adds/],
    ['an unknown entity, with the nearest', withView({ entities: ['airprt'] }), /There is no entity "airprt" in the repository\. Did you mean "airport"\?/],
    ['an entity named twice', withView({ entities: ['airport', 'airport'] }), /"airport" is there more than once/],
    ['a view without features', withView({ features: [], source: { name: 's', table: 'a.b', timestampField: 't' } }), /There is no feature/],
    ['a feature named twice', withView({ features: [{ name: 'temp', type: 'Bool' }, { name: 'temp', type: 'Bool' }] }), /"temp" is there more than once/],
    ['a feature that is a join key', withView({ features: [...weather.features, { name: 'origin', type: 'String' }] }), /A join key of the view has the same name/],
    ['a type that is none', withView({ features: [{ name: 'temp', type: 'float64' }] }), /"float64" is not a value type\. Did you mean "Float64"\?/],
    ['a ttl of zero', withView({ ttlSeconds: 0 }), /0 is not a time to live/],
    ['a negative ttl', withView({ ttlSeconds: -1 }), /-1 is not a time to live/],
    ['a ttl with a fraction', withView({ ttlSeconds: 1.5 }), /1\.5 is not a time to live/],
    ['a table without schema', withSource({ table: 'weather' }), /"weather" is not a table\. Write schema\.table/],
    ['a created column that is the event timestamp', withSource({ createdTimestampColumn: 'event_timestamp' }), /is the event timestamp already/],
    ['a mapping to nothing', withSource({ fieldMapping: { temperature: 'tmp' } }), /"tmp" is neither a feature nor a join key of the view\. Did you mean "temp"\?/],
    ['as-known reads of a source without created column', withView({ asKnown: true, source: { name: 's', table: 'a.b', timestampField: 't' } }), /nobody can say what was known when/],
    ["a tag with the pipeline's prefix", withView({ tags: { 'ml_pipeline.as_known': 'true' } }), /which the pipeline keeps for itself/],
    ['an unknown view', withService({ features: [{ view: 'wether' }] }), /There is no feature view "wether"\. Did you mean "weather"\?/],
    ['an unknown feature', withService({ features: [{ view: 'weather', features: ['tmp'] }] }), /The view has no feature "tmp"\. Did you mean "temp"\?/],
    ['a service without features', withService({ features: [] }), /It takes no feature/],
    ['a view taken twice', withService({ features: [{ view: 'weather' }, { view: 'weather' }] }), /feature view "weather" is there more than once/],
    ['a view twice under one alias', withService({ features: [{ view: 'weather', alias: 'w' }, { view: 'weather', alias: 'w' }] }), /feature view "w" is there more than once\. Keep one of them, or give one an `alias`/],
    ['an alias that is the name of another view', { ...withService({ features: [{ view: 'weather', alias: 'other' }] }), featureViews: [weather, { ...weather, name: 'other' }] }, /"other:feature" would mean two things/],
    ['an alias with "__"', withService({ features: [{ view: 'weather', alias: 'a__b' }] }), /Call it "a_b"/],
    ['a mapped join key that is none', withService({ features: [{ view: 'weather', joinKeyMap: { orign: 'dest' } }] }), /"orign" is no join key of feature view "weather"\. Did you mean "origin"\?/],
    ['a join key from a column that every read adds', withService({ features: [{ view: 'weather', joinKeyMap: { origin: 'event_timestamp' } }] }), /a column that every read adds/],
    ['a push source called as a table source', withView({ pushSource: { name: 'weather_source' } }), /the name of the table source of feature view "weather"/],
    ['a push source with two tables', { ...repository, featureViews: [{ ...weather, pushSource: { name: 'p' } }, { ...weather, name: 'other', pushSource: { name: 'p' }, source: { ...weather.source, name: 't', table: 'a.b' } }] }, /Push source "p" is also that of feature view "weather", which reads another table/],
    ['a push source with two descriptions', { ...repository, featureViews: [{ ...weather, pushSource: { name: 'p', owner: 'x' } }, { ...weather, name: 'other', pushSource: { name: 'p' } }] }, /described differently in feature view "weather"/],
    ['a deleted column that is a feature', withSource({ deletedColumn: 'temperature' }), /"temperature" has a meaning in the view already/],
    ['a lateness beside created timestamps', withSource({ latenessSeconds: 60 }), /tells when each row came\. Leave latenessSeconds out/],
    ['a negative lateness', withSource({ createdTimestampColumn: undefined, latenessSeconds: -1 }), /-1 is not a lateness/],
    ['two views that differ in case only', { ...repository, featureViews: [weather, { ...weather, name: 'Weather' }] }, /"Weather" is there more than once/],
    ['two sources of one name', { ...repository, featureViews: [weather, { ...weather, name: 'other', source: { ...weather.source, table: 'a.b' } }] }, /Source "weather_source" differs from the one of the same name in feature view "weather"/],
    ['one join key with two types', { ...repository, entities: [airport, { name: 'place', joinKey: 'origin', valueType: 'Int64' }] }, /Join key "origin" is Int64 here and String in entity "airport"/],
  ];
  for (const [what, repo, expected] of wrong) {
    it(`refuses ${what}`, () => {
      const problems = text(repo);
      assert.equal(problems.length, 1, problems.join('\n'));
      assert.match(problems[0] ?? '', expected);
    });
  }

  for (const name of ['a/b', 'a b', 'a:b', 'wëather', '', '1a', 'a.b', 'a\nb', "a'b"]) {
    it(`refuses a view called ${JSON.stringify(name)}: names become columns, keys and references`, () => {
      assert.deepEqual(text(withView({ name })).length, 1);
      assert.match(text(withView({ name }))[0] ?? '', /is not a name\. Use letters, digits and "_", not starting with a digit/);
    });
  }

  it('refuses the names by which two features would share a column view__feature', () => {
    const views = [{ ...weather, name: 'a', features: [{ name: 'b__c', type: 'Bool' }], source: { name: 's', table: 'a.b', timestampField: 't' } }, { ...weather, name: 'a__b', features: [{ name: 'c', type: 'Bool' }], source: { name: 's', table: 'a.b', timestampField: 't' } }];
    const problems = text({ ...repository, featureViews: views as FeatureView[], featureServices: [] });
    assert.deepEqual([problems.length, problems.every((problem) => problem.includes('"view__feature" could not be taken apart'))], [2, true], problems.join('\n'));
  });

  it('finds nothing wrong with two views of one key, shared push sources, aliases and mapped keys', () => {
    const pushed = { ...weather, pushSource: { name: 'p' } };
    const features = [{ view: 'weather', alias: 'origin_weather' }, { view: 'weather', alias: 'dest_weather', joinKeyMap: { origin: 'dest' } }, { view: 'other' }];
    assert.deepEqual(text({ ...repository, featureViews: [pushed, { ...pushed, name: 'other' }], featureServices: [{ name: 's', features }] }), []);
  });

  it('reports all problems at once', () => {
    assert.equal(text({ ...withView({ ttlSeconds: 0, entities: ['x'], features: [{ name: 'temp', type: 'Flot64' }] }), entities: [{ ...airport, name: '1' }] }).length, 4);
  });
});

describe('validation of feature definitions against tables', () => {
  const columns: DescribedColumn[] = [
    { name: 'origin', nativeType: 'text', type: 'String' },
    { name: 'temperature', nativeType: 'real', type: 'Float32' },
    { name: 'observed_at', nativeType: 'timestamp with time zone', type: 'Timestamp' },
    { name: 'event_timestamp', nativeType: 'timestamp with time zone', type: 'Timestamp' },
    { name: 'written_at', nativeType: 'timestamp without time zone', type: 'Timestamp' },
  ];
  const against = (change: (all: DescribedColumn[]) => DescribedColumn[], repo = repository): string[] =>
    tableProblems(repo, new Map([['feature_mart.weather', change(columns)]])).map((problem) => `${problem.path}: ${problem.message} ${problem.cure ?? ''}`);
  const retype = (name: string, nativeType: string, type: DescribedColumn['type']) => (all: DescribedColumn[]) => all.map((column) => (column.name === name ? { name, nativeType, type } : column));

  it('finds nothing wrong where all columns fit, through the field mapping', () => {
    assert.deepEqual(sourceTables(repository), ['feature_mart.weather']);
    assert.deepEqual(against((all) => all), []);
  });

  it('names a table that is not there', () => {
    const problems = tableProblems(repository, new Map([['feature_mart.wether', columns]]));
    assert.deepEqual(problems, [{ path: 'feature view weather.source.table', message: 'There is no table feature_mart.weather.', cure: 'Did you mean "feature_mart.wether"?' }]);
  });

  it('names every column that is missing or of another type, with what to do', () => {
    assert.deepEqual(against((all) => retype('temperature', 'text', 'String')(retype('written_at', 'text', 'String')(all.filter((column) => column.name !== 'origin')))), [
      'feature view weather.source.createdTimestampColumn: Column "written_at" of feature_mart.weather is text, which cannot be read as a timestamp. Convert the column in the SQL that builds the table.',
      'feature view weather.entities (join key origin): Table feature_mart.weather has no column "origin". There is: temperature, observed_at, event_timestamp, written_at.',
      'feature view weather.features.temp: Column "temperature" of feature_mart.weather is text, which cannot be read as Float64. Declare it as String, or convert the column in the SQL that builds the table.',
    ]);
  });

  it('accepts whole numbers as floats, but not floats as whole numbers', () => {
    assert.deepEqual(against(retype('temperature', 'bigint', 'Int64')), []);
    const whole = withView({ features: [{ name: 'temp', type: 'Int64' }, weather.features[1]] });
    assert.equal(against((all) => all, whole).length, 1);
  });

  it('reads a NUMERIC as a decimal or a float, never as text, and a uuid as text too', () => {
    const declared = (type: Field['type']): FeatureRepository => withView({ features: [{ name: 'temp', type }, weather.features[1]] });
    for (const type of ['Decimal', 'Float64', 'Float32'] as const) assert.deepEqual(against(retype('temperature', 'numeric', 'Decimal'), declared(type)), []);
    assert.match(against(retype('temperature', 'numeric', 'Decimal'), declared('String'))[0] ?? '', /Declare it as Decimal/);
    for (const type of ['Uuid', 'String'] as const) assert.deepEqual(against(retype('temperature', 'uuid', 'Uuid'), declared(type)), []);
  });

  it('refuses columns that cannot be read, and a single value as a list', () => {
    assert.match(against(retype('observed_at', 'point', undefined))[0] ?? '', /is point, which cannot be read as UnixTimestamp\. Convert the column/);
    const list = withView({ features: [{ name: 'temp', type: 'Array(Float64)' }] });
    assert.match(against((all) => all, list)[0] ?? '', /is real, which cannot be read as Array\(Float64\)\. Declare it as Float32/);
    assert.deepEqual(against(retype('temperature', 'integer[]', 'Array(Int32)'), list), []);
    assert.equal(against(retype('temperature', 'text[]', 'Array(String)'), list).length, 1);
  });
});
