import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { createFeastSqlRegistry } from '../../adapters/feast/registry/sql-registry.ts';
import { defineEntity, defineFeatureService, defineFeatureView } from '../../domain/features/define.ts';
import type { FeatureRepository } from '../../domain/features/definitions.ts';
import { snapshotView } from '../../domain/features/resolve.ts';
import { formatInstant, parseInstant } from '../../domain/instant.ts';
import { openRedisHarness, type RedisHarness } from '../adapters/redis/harness.ts';
import { testBatch } from '../contracts/online-rows.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { makeProject, runCommand } from './command.ts';

const NOON = parseInstant('2026-11-01T12:00:00Z')!;
const HOUR = 3_600_000_000;
const airport = defineEntity({ name: 'airport', joinKey: 'origin', valueType: 'String' });
const plane = defineEntity({ name: 'plane', joinKey: 'plane_id', valueType: 'Int64' });
const source = (name: string) => ({ name, table: `feature_mart.${name}`, timestampField: 'event_timestamp' });
const weather = defineFeatureView({ name: 'weather', entities: [airport], features: [{ name: 'temp', type: 'Float64' }, { name: 'sky', type: 'String' }], ttlSeconds: 3 * 3600, source: source('weather') });
const fleet = defineFeatureView({ name: 'fleet', entities: [airport, plane], features: [{ name: 'seats', type: 'Int64' }], ttlSeconds: null, source: source('fleet') });
const delay = defineFeatureService({ name: 'delay_v1', features: [{ view: weather, alias: 'dest_weather', features: ['temp'], joinKeyMap: { origin: 'dest' } }, { view: fleet }] });
const repository: FeatureRepository = { entities: [airport, plane], featureViews: [weather, fleet], featureServices: [delay] };

describe('ml-pipeline features get', function () {
  this.timeout(60_000);
  let database: TestDatabase;
  let redis: RedisHarness;
  let project: Awaited<ReturnType<typeof makeProject>>;
  const get = (...args: readonly string[]) => runCommand(project.folder, 'features', 'get', ...args, '--as-of', formatInstant(NOON));

  before(async () => {
    database = await createTestDatabase();
    const name = `get_${randomBytes(6).toString('hex')}`;
    redis = await openRedisHarness(name);
    project = await makeProject({ postgresUrl: database.url, redisUrl: redis.url, project: name });
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query('CREATE SCHEMA IF NOT EXISTS feast_registry');
    await client.end();
    const registry = createFeastSqlRegistry({ connectionString: database.url, schema: 'feast_registry', project: name });
    await registry.apply(repository);
    await registry.close();
    const store = redis.connect(3600);
    const weatherView = snapshotView(repository, 'weather');
    await store.write(weatherView, testBatch(weatherView, [{ key: ['JFK'], values: [39.5, null], event: NOON - HOUR }, { key: ['LGA'], values: [40, 'clear'], event: NOON - 5 * HOUR }]));
    const fleetView = snapshotView(repository, 'fleet');
    await store.write(fleetView, testBatch(fleetView, [{ key: ['JFK', 7n], values: [2n ** 60n], event: NOON - 2 * HOUR }]));
  });
  after(async () => {
    await project.remove();
    await redis.close();
    await database.drop();
  });

  it('shows value, event time, age, the ttl that is left, and status, of several features and entities', async () => {
    const { code, stdout, stderr } = await get('weather:temp', 'weather:sky', '--entity', 'origin=JFK', '--entity', 'origin=LGA', '--entity', 'origin=EWR');
    assert.equal(code, 0, stderr);
    assert.deepEqual(stdout.trimEnd().split('\n').map((line) => line.split(/ {2,}/)), [
      ['entity', 'feature', 'value', 'event time', 'age', 'ttl left', 'status'],
      ['origin=JFK', 'weather:temp', '39.5', '2026-11-01T11:00:00.000000Z', '1 h', '2 h', 'PRESENT'],
      ['origin=JFK', 'weather:sky', 'null', '2026-11-01T11:00:00.000000Z', '1 h', '2 h', 'NULL_VALUE'],
      ['origin=LGA', 'weather:temp', '40', '2026-11-01T07:00:00.000000Z', '5 h', '-2 h', 'OUTSIDE_MAX_AGE'],
      ['origin=LGA', 'weather:sky', 'clear', '2026-11-01T07:00:00.000000Z', '5 h', '-2 h', 'OUTSIDE_MAX_AGE'],
      ['origin=EWR', 'weather:temp', 'NOT_FOUND'],
      ['origin=EWR', 'weather:sky', 'NOT_FOUND'],
    ]);
  });

  it('reads a service by the columns that hold its keys, and prints the same as JSON', async () => {
    const { code, stdout, stderr } = await get('--service', 'delay_v1', '--entity', 'dest=JFK', '--entity', 'origin=JFK', '--entity', 'plane_id=7', '--entity', 'plane_id=8', '--json');
    assert.equal(code, 0, stderr);
    const temp = { feature: 'dest_weather:temp', value: 39.5, status: 'PRESENT', event_timestamp: '2026-11-01T11:00:00.000000Z', age_seconds: 3600, ttl_left_seconds: 7200 };
    assert.deepEqual(JSON.parse(stdout), {
      as_of: '2026-11-01T12:00:00.000000Z',
      entities: [
        { entity: { dest: 'JFK', origin: 'JFK', plane_id: '7' }, features: [temp, { feature: 'fleet:seats', value: String(2n ** 60n), status: 'PRESENT', event_timestamp: '2026-11-01T10:00:00.000000Z', age_seconds: 7200, ttl_left_seconds: null }] },
        { entity: { dest: 'JFK', origin: 'JFK', plane_id: '8' }, features: [temp, { feature: 'fleet:seats', value: null, status: 'NOT_FOUND', event_timestamp: null, age_seconds: null, ttl_left_seconds: null }] },
      ],
    });
  });

  it('refuses what is not there by its name and the nearest right one, and everything at once', async () => {
    const cases: [readonly string[], RegExp][] = [
      [['wether:temp', 'weather:tmp', '--entity', 'origin=JFK'], /no feature view "wether"[^]*Did you mean "weather"[^]*no feature "tmp"[^]*Did you mean "temp"/],
      [['--service', 'delay_v2', '--entity', 'origin=JFK'], /no feature service "delay_v2"[^]*Did you mean "delay_v1"/],
      [['fleet:seats', '--entity', 'orign=JFK', '--entity', 'plane_id=seven'], /orign[^]*Did you mean "origin"[^]*join key origin \(String\) has no value[^]*"seven" does not fit Int64/],
      [['fleet:seats', '--entity', 'origin=JFK', '--entity', 'origin=LGA', '--entity', 'plane_id=1', '--entity', 'plane_id=2', '--entity', 'plane_id=3'], /origin: It comes 2 times, another one 3 times/],
      [['weather:temp', '--service', 'delay_v1', '--entity', 'origin=JFK'], /not both/],
      [['--entity', 'origin=JFK'], /No feature is asked for/],
    ];
    const outcomes = await Promise.all(cases.map(([args]) => get(...args)));
    cases.forEach(([args, message], index) => {
      assert.equal(outcomes[index]!.code, 2, args.join(' '));
      assert.match(outcomes[index]!.stderr, message);
    });
  });
});
