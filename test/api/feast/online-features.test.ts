import assert from 'node:assert/strict';
import { parseInstant } from '../../../domain/instant.ts';
import { openFeastHarness, type FeastAnswer, type FeastHarness } from './harness.ts';

const at = (text: string): number => parseInstant(text)!;
const EPOCH = '1970-01-01T00:00:00Z';
const column = (...values: unknown[]) => ({ values, statuses: values.map(() => 'PRESENT'), event_timestamps: values.map(() => EPOCH) });

describe("Feast's route /get-online-features", () => {
  let api: FeastHarness;
  before(async () => {
    api = await openFeastHarness();
    const bytes = Uint8Array.of(0, 255, 3);
    await api.write('user_stats', { key: [1n], values: [9007199254740993n, 11, 0.5, 'ñ"', bytes, true, 1_700_000_000, -5], event: at('2026-11-02T00:00:00Z') }, { key: [2n], values: [null, Number.NaN, Math.fround(0.1), null, null, false, null, null], event: at('2026-11-01T00:00:00.5Z') });
    await api.write('user_stats', { key: [3n], values: [7n, -0, null, '', null, null, null, 1], event: at('2026-10-30T00:00:00.000001Z') });
    await api.write('user_stats', { key: [4n], values: [4n, -Infinity, null, null, null, null, null, null], event: at('2026-10-31T12:00:00Z') });
    await api.write('user_item', { key: [1n, 'x'], values: [5n], event: at('2026-11-01T00:00:00Z') });
    await api.write('user_extra', { key: [1n], values: [21n, ['a', 'b']], event: at('2026-11-01T00:00:00Z') }, { key: [2n], values: [22n, []], event: at('2026-11-01T00:00:00Z') });
    await api.write('settings', { key: [], values: [100], event: at('2026-11-01T00:00:00Z') });
  });
  after(() => api.close());

  const ask = (body: unknown): Promise<FeastAnswer> => api.post('/get-online-features', body);
  const answer = async (body: unknown): Promise<{ results: Record<string, unknown[]>[]; metadata: Record<string, unknown> }> => {
    const { status, text } = await ask(body);
    assert.equal(status, 200, text);
    return JSON.parse(text);
  };

  it('answers join keys first, then the features in the order asked for; an absent entity is PRESENT, null and of the epoch, as in Feast', async () => {
    assert.deepEqual(await answer({ features: ['user_stats:small', 'user_stats:nick'], entities: { user_id: [1, 99] } }), {
      results: [column(1, 99), { ...column(-5, null), event_timestamps: ['2026-11-02T00:00:00Z', EPOCH] }, { ...column('ñ"', null), event_timestamps: ['2026-11-02T00:00:00Z', EPOCH] }],
      metadata: { feature_names: ['user_id', 'small', 'nick'] },
    });
  });

  it('writes every type as Feast does: int64 with all digits, floats as floats, NaN as text, bytes in base64, times in seconds', async () => {
    const { text } = await ask({ features: ['clicks', 'score', 'rate', 'raw', 'active', 'seen'].map((name) => `user_stats:${name}`), entities: { user_id: [1, 2] } });
    const values = [...text.matchAll(/"values":\[(.*?)\],"statuses"/g)].map(([, list]) => list);
    assert.deepEqual(values, ['1,2', '9007199254740993,null', '11.0,"NaN"', '0.5,0.10000000149011612', '"AP8D",null', 'true,false', '1700000000,null']);
    assert.match(text, /"2026-11-02T00:00:00Z","2026-11-01T00:00:00.500Z"/);
    const lists = await answer({ features: ['user_extra:tags'], entities: { user_id: [1, 2, 3] } });
    assert.deepEqual(lists.results[1]?.['values'], [['a', 'b'], [], null]);
  });

  it('tells a value outside its ttl by OUTSIDE_MAX_AGE and gives none; the edge is inside', async () => {
    const { results } = await answer({ features: ['user_stats:clicks'], entities: { user_id: [3, 4] } });
    assert.deepEqual(results[1], { values: [null, 4], statuses: ['OUTSIDE_MAX_AGE', 'PRESENT'], event_timestamps: ['2026-10-30T00:00:00.000001Z', '2026-10-31T12:00:00Z'] });
    const infinite = await answer({ features: ['user_stats:score'], entities: { user_id: [4] } });
    assert.deepEqual(infinite.results[1]?.['values'], ['-Infinity']);
  });

  it('prefers the service to the features, reads views without entities for every row, and names features in full when asked to', async () => {
    const { results, metadata } = await answer({ feature_service: 'stats_v1', features: ['nope'], entities: { user_id: [1, 2] }, full_feature_names: true, include_feature_view_version_metadata: true });
    assert.deepEqual(metadata, { feature_names: ['user_id', 'user_stats__clicks', 'user_stats__score', 'settings__rate_limit'], feature_view_metadata: [{ name: 'user_stats' }, { name: 'settings' }] });
    assert.deepEqual(results[3]?.['values'], [100, 100]);
  });

  it('reads one view twice under aliases with join keys of their own', async () => {
    const { results, metadata } = await answer({ feature_service: 'pair_v1', entities: { buyer_id: [1], seller_id: [2] }, full_feature_names: true });
    assert.deepEqual(metadata, { feature_names: ['buyer_id', 'seller_id', 'buyer__clicks', 'seller__clicks'] });
    assert.deepEqual(results.map(({ values }) => values), [[1], [2], [21], [22]]);
  });

  it('coerces keys as Feast does, takes the name of an entity for its join key and lets other columns be', async () => {
    const { results } = await answer({ features: ['user_stats:small'], entities: { user: ['1', 1.7, true], other: ['a', 'b', 'c'] } });
    assert.deepEqual(results.map(({ values }) => values), [[1, 1, 1], [-5, -5, -5]]);
    const text = await answer({ features: ['user_item:n'], entities: { user_id: [1], item_id: [7] } });
    assert.deepEqual(text.results.map(({ values }) => values), [[1], ['7'], [null]]);
  });

  it('answers null where one of two join keys is missing', async () => {
    assert.deepEqual((await answer({ features: ['user_item:n'], entities: { user_id: [1] } })).results, [column(1), column(null)]);
  });

  it('answers empty columns where no view needs an entity and none is given', async () => {
    const empty = { values: [], statuses: [], event_timestamps: [] };
    assert.deepEqual((await answer({ features: ['settings:rate_limit'], entities: { user_id: [] } })).results, [empty, empty]);
  });

  it('keeps a key beyond 2^53 exact', async () => {
    const { text } = await ask('{"features":["user_stats:small"],"entities":{"user_id":[9007199254740993,-9223372036854775808]}}');
    assert.match(text, /"values":\[9007199254740993,-9223372036854775808\]/);
  });

  const fault = (name: string, message: string): string => JSON.stringify(`{"module": "feast.errors", "class": "${name}", "message": ${JSON.stringify(message)}}`);
  const CASES: readonly (readonly [string, unknown, number, string | RegExp])[] = [
    ['an unknown view', { features: ['nope:x'], entities: { user_id: [1] } }, 404, fault('FeatureViewNotFoundException', 'Feature view nope does not exist in project shop')],
    ['a view nearly right', { features: ['user_stat:x'], entities: { user_id: [1] } }, 404, fault('FeatureViewNotFoundException', 'Feature view user_stat does not exist in project shop. Did you mean "user_stats"?')],
    ['a view that cannot be used here', { features: ['python_view:x'], entities: { user_id: [1] } }, 500, '"The on-demand feature view python_view cannot be served here: It is a function in Python."'],
    ['an unknown service', { feature_service: 'zzz', entities: { user_id: [1] } }, 404, fault('FeatureServiceNotFoundException', 'Feature service zzz does not exist in project shop')],
    ['an unknown feature', { features: ['user_stats:nope'], entities: { user_id: [1] } }, 500, '"\'Feature nope not found in projection user_stats\'"'],
    ['a reference without a view', { features: ['clicks'], entities: { user_id: [1] } }, 500, /^"Invalid feature reference 'clicks'/],
    ['no features', { entities: { user_id: [1] } }, 500, '"No features specified for retrieval"'],
    ['features of one name', { features: ['user_stats:clicks', 'user_extra:clicks'], entities: { user_id: [1] } }, 500, /FeatureNameCollisionError.*Duplicate features named clicks found/],
    ['no entities at all', { features: ['user_stats:clicks'], entities: {} }, 500, '"\'pop from an empty set\'"'],
    ['no join key', { features: ['user_stats:clicks'], entities: { other: [1] } }, 500, /^"\\"Missing join key values for keys: \['item_id', 'user_id'\]/],
    ['an empty list', { features: ['user_stats:clicks'], entities: { user_id: [] } }, 500, /Missing join key values for keys/],
    ['ragged columns', { features: ['user_item:n'], entities: { user_id: [1, 2], item_id: ['a'] } }, 500, '"All entity rows must have the same columns."'],
    ['a null key', { features: ['user_stats:clicks'], entities: { user_id: [1, null] } }, 500, '"Join key user_id, row 1: it is null."'],
    ['a key of another type', { features: ['user_stats:clicks'], entities: { user_id: ['abc'] } }, 500, /Join key user_id, row 0: .*abc.* does not fit Int64/],
    ['text that is not JSON', '{"entities": {', 422, /^\{"detail":\[\{"type":"json_invalid","loc":\["body",14\],"msg":"JSON decode error"/],
    ['no entities in the body', { features: [] }, 422, '{"detail":[{"type":"missing","loc":["body","entities"],"msg":"Field required","input":{"features":[]}}]}'],
    ['entities of another type', { entities: [1], features: 'x' }, 422, /"dict_type","loc":\["body","entities"\].*"list_type","loc":\["body","features"\]/],
    ['a view with odd characters', { features: ["'; drop table x; --:\"\u0000"], entities: { user_id: [1] } }, 404, /FeatureViewNotFoundException/],
  ];
  for (const [title, body, status, expected] of CASES) {
    it(`refuses ${title}`, async () => {
      const said = await ask(body);
      assert.equal(said.status, status, said.text);
      if (typeof expected === 'string') assert.equal(said.text, expected);
      else assert.match(said.text, expected);
    });
  }

  it('takes JSON only, and only the right method', async () => {
    assert.equal((await api.post('/get-online-features', '{}', { 'content-type': 'text/plain' })).status, 422);
    const wrong = await api.request('/get-online-features');
    assert.deepEqual([wrong.status, wrong.text], [405, '{"detail":"Method Not Allowed"}']);
  });

  it('is described in /openapi.json and counted in /metrics', async () => {
    const { paths } = JSON.parse((await api.request('/openapi.json')).text) as { paths: object };
    for (const path of ['/get-online-features', '/push', '/materialize', '/materialize-incremental', '/write-to-online-store', '/health']) assert.ok(path in paths, path);
    assert.ok(!('/predict' in paths));
    assert.match((await api.request('/metrics')).text, /ml_pipeline_request_seconds_count\{route="\/get-online-features",status="200"\}/);
    assert.equal((await api.request('/health')).status, 200);
    assert.equal((await api.request('/health/ready')).status, 200);
  });
});
