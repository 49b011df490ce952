import assert from 'node:assert/strict';
import fc from 'fast-check';
import { numbersOf } from '../../ml/preprocessing/column-values.ts';
import type { Column, RecordBatch } from '../../domain/data/columns.ts';
import type { FeatureValue } from '../../domain/features/value-types.ts';
import { formatInstant } from '../../domain/instant.ts';
import type { ModelSession } from '../../ports/model-graph.ts';
import { predict } from '../../api/predict.ts';
import { testBatch } from '../contracts/online-rows.ts';
import { openApiHarness, type ApiHarness } from './harness.ts';
import { CLASSES, HOUR_SECONDS, IMPUTED, INPUTS, PLANE, WEATHER } from './model-fixture.ts';

const NOW = Date.parse('2026-11-23T10:00:00.000Z') * 1000 + 123_456;
const EVENT = NOW - 90_000_000;
const REQUEST = { distance: 1000, weekend: true, meal: 'hot' };
const PLANE_VALUES = [12n, Math.fround(433.3), false, 1_234_567_890, 180];

type Raw = Readonly<Record<string, number | string | null>>;

/** One row of raw columns as the graph takes it. */
function rawRow(row: Raw): RecordBatch {
  const columns = INPUTS.map(({ name, type }): Column => {
    const value = row[name] ?? null;
    const nulls = Uint8Array.of(value === null ? 1 : 0);
    return type === 'string' ? { name, type: 'String', values: [String(value ?? '')], nulls } : { name, type: 'Float64', values: Float64Array.of(Number(value ?? NaN)), nulls };
  });
  return { rowCount: 1, columns };
}

describe('POST /predict', () => {
  let api: ApiHarness;
  let places = 0;
  before(async () => {
    api = await openApiHarness();
    api.now = NOW;
    await api.write(PLANE, { key: [7n], values: PLANE_VALUES, event: EVENT });
  });
  after(() => api.close());
  const session = (): ModelSession => api.models.current.session;
  const account = async (event: number, values: readonly FeatureValue[] = [41.5, 'rain']) => {
    const origin = `place ${++places}`;
    await api.write(WEATHER, { key: [origin], values, event });
    const [said] = (await api.predict({ entities: { origin, plane_id: 7 }, request: REQUEST })).predictions;
    return said!;
  };

  it('answers what the model says of the same raw row, with classes, versions, values and ages', async () => {
    await api.write(WEATHER, { key: ['JFK'], values: [41.5, 'rain'], event: EVENT });
    const answer = await api.predict({ entities: { origin: 'JFK', plane_id: 7 }, request: REQUEST });
    const said = await session().predict(rawRow({ temp: 41.5, sky: 'rain', flights: 12, speed: Math.fround(433.3), active: 0, built: 1_234_567_890, seats: 180, distance: 1000, weekend: 1, origin: 'JFK', meal: 'hot' }));
    const { modelId, runId } = api.models.current;
    assert.deepEqual(answer.model, { name: 'arrival', version: '1', run_id: runId, model_id: modelId });
    assert.equal(answer.as_of, formatInstant(NOW));
    const [one] = answer.predictions;
    assert.equal(one!.prediction, CLASSES[said.predictions[0]!]);
    assert.deepEqual(one!.probabilities, Object.fromEntries(CLASSES.map((label, index) => [label, said.probabilities[index]![0]])));
    assert.deepEqual(one!.missing, []);
    assert.deepEqual(one!.features['temp'], { value: 41.5, status: 'PRESENT', event_timestamp: formatInstant(EVENT), age_seconds: 90 });
    assert.deepEqual(Object.fromEntries(Object.entries(one!.features).map(([name, { value }]) => [name, value])), { temp: 41.5, sky: 'rain', flights: 12, speed: Math.fround(433.3), active: false, built: 1_234_567_890, seats: 180 });
  });

  it('takes a missing feature for what the imputation says, and names it', async () => {
    const answer = await api.predict({ entities: { origin: 'EWR', plane_id: -1 }, request: { distance: null, weekend: null, meal: null } });
    const filled = await session().predict(rawRow({ ...IMPUTED, sky: null, origin: 'EWR', meal: null }));
    const [one] = answer.predictions;
    assert.deepEqual(Object.values(one!.probabilities!), filled.probabilities.map((values) => values[0]));
    assert.deepEqual(one!.missing, ['temp', 'sky', 'flights', 'speed', 'active', 'built', 'seats']);
    assert.deepEqual(one!.features['temp'], { value: null, status: 'NOT_FOUND' });
  });

  it('takes a value whose age is the ttl, and not one a microsecond older', async () => {
    const edge = NOW - 6 * HOUR_SECONDS * 1_000_000;
    const inside = await account(edge);
    assert.deepEqual(inside.features['temp'], { value: 41.5, status: 'PRESENT', event_timestamp: formatInstant(edge), age_seconds: 6 * HOUR_SECONDS });
    const outside = await account(edge - 1);
    assert.equal(outside.features['temp']!.status, 'OUTSIDE_MAX_AGE');
    assert.equal(outside.features['temp']!.value, null);
    assert.deepEqual(outside.missing, ['temp', 'sky']);
  });

  it('takes a value of any age where the view has no ttl', async () => {
    await api.write(PLANE, { key: [8n], values: PLANE_VALUES, event: -1 });
    const [one] = (await api.predict({ entities: { origin: 'JFK', plane_id: 8 }, request: REQUEST })).predictions;
    assert.equal(one!.features['flights']!.status, 'PRESENT');
  });

  it('takes a value of this very instant, and none of a later one: its age would be negative', async () => {
    assert.equal((await account(NOW)).features['temp']!.status, 'PRESENT');
    const later = await account(NOW + 1);
    assert.deepEqual(later.features['temp'], { value: null, status: 'OUTSIDE_MAX_AGE', event_timestamp: formatInstant(NOW + 1), age_seconds: -0.000001 });
  });

  it('calls null, NaN and the empty text missing, as the model does', async () => {
    const nothing = await account(EVENT, [null, null]);
    const unreadable = await account(EVENT, [Number.NaN, '']);
    for (const said of [nothing, unreadable]) {
      assert.deepEqual([said.features['temp']!.status, said.features['sky']!.status], ['NULL_VALUE', 'NULL_VALUE']);
      assert.deepEqual([said.features['temp']!.value, said.missing], [null, ['temp', 'sky']]);
    }
    assert.deepEqual(nothing.probabilities, unreadable.probabilities);
  });

  it('answers a thousand instances in their order as it answers each alone, and refuses one more', async () => {
    const instance = (index: number) => ({ entities: { origin: index % 3 === 0 ? 'JFK' : 'EWR', plane_id: index % 2 === 0 ? 7 : 9 }, request: { distance: index, weekend: index % 7 > 4, meal: index % 5 === 0 ? '' : 'none' } });
    const all = Array.from({ length: 1000 }, (_, index) => instance(index));
    const { predictions } = await api.predict(...all);
    assert.equal(predictions.length, 1000);
    for (const index of [0, 1, 499, 999]) assert.deepEqual(predictions[index], (await api.predict(instance(index))).predictions[0]);
    const refused = await api.post({ instances: [...all, instance(0)] });
    assert.equal(refused.status, 400);
    assert.match(refused.text, /"path":"instances","message":"has 1001 entries","cure":"At most 1000/);
  });

  it('takes whole-number join keys as text, exactly', async () => {
    const id = 2n ** 53n + 1n;
    await api.write(PLANE, { key: [id], values: [id, 1, true, 0, 1], event: EVENT });
    const answer = await api.post({ instances: [{ entities: { origin: 'JFK', plane_id: String(id) }, request: REQUEST }] });
    assert.match(answer.text, /"flights":\{"value":9007199254740993,"status":"PRESENT"/);
  });

  it('gives the model the float32 that the training set had, whatever the value', async () => {
    const number = fc.oneof(fc.double(), fc.constant(null));
    const row = fc.record({
      temp: number,
      flights: fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
      speed: fc.option(fc.float()),
      active: fc.option(fc.boolean()),
      built: fc.option(fc.integer({ min: -62_135_596_800, max: 253_402_300_799 })),
      seats: fc.option(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })),
    });
    const seen: RecordBatch[] = [];
    const watched: ModelSession = { ...session(), predict: (batch) => (seen.push(batch), session().predict(batch)) };
    const store = api.redis.connect(null);
    let id = 100n;
    await fc.assert(
      fc.asyncProperty(row, async ({ temp, flights, speed, active, built, seats }) => {
        const [origin, plane] = [`random ${++id}`, id];
        const [weather, planeBatch] = [testBatch(WEATHER, [{ key: [origin], values: [temp, 'clear'], event: EVENT }]), testBatch(PLANE, [{ key: [plane], values: [flights, speed, active, built, seats], event: EVENT }])];
        await Promise.all([store.write(WEATHER, weather), store.write(PLANE, planeBatch)]);
        await predict({ ...api.models.current, session: watched }, store, [{ entities: { origin, plane_id: plane }, request: { distance: 1, weekend: false, meal: null } }], NOW);
        for (const name of ['temp', 'flights', 'speed', 'active', 'built', 'seats']) {
          const offline = [...weather.columns, ...planeBatch.columns].find((column) => column.name === name)!;
          const online = seen.at(-1)!.columns.find((column) => column.name === name)!;
          assert.deepEqual(numbersOf(online, 0, 1), numbersOf(offline, 0, 1), name);
        }
      }),
      { numRuns: 150 },
    );
  });
});

describe('POST /predict of a regression', () => {
  let api: ApiHarness;
  before(async () => {
    api = await openApiHarness({ task: 'regression', handleUnknown: 'error' });
  });
  after(() => api.close());

  it('answers a number, and no probabilities', async () => {
    await api.write(WEATHER, { key: ['JFK'], values: [41.5, 'rain'], event: api.now });
    const [one] = (await api.predict({ entities: { origin: 'JFK', plane_id: 7 }, request: REQUEST })).predictions;
    const said = await api.models.current.session.predict(rawRow({ temp: 41.5, sky: 'rain', distance: 1000, weekend: 1, origin: 'JFK', meal: 'hot' }));
    assert.equal(one!.prediction, said.predictions[0]);
    assert.equal(one!.probabilities, undefined);
  });

  it('refuses a category that training did not have where the recipe says so, and names the column', async () => {
    const refused = await api.post({ instances: [{ entities: { origin: 'JFK', plane_id: 7 }, request: { ...REQUEST, meal: 'cold' } }] });
    assert.equal(refused.status, 400);
    assert.match(refused.text, /column meal holds a missing value or a category that the training rows did not have/);
  });
});
